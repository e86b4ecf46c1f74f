/** Row events of one transaction that turned out to be void, by their place in it. */
export interface VoidEvents {
  /** Where the transaction's first event ends: the same whenever it is read. */
  readonly transaction: string;
  readonly first: number;
  /** Does not belong to it. */
  readonly end: number;
}

/** Whether the transaction's event of this number is among them. */
export function isVoid(voids: readonly VoidEvents[], transaction: string, index: number): boolean {
  return voids.some(
    (known) => known.transaction === transaction && index >= known.first && index < known.end,
  );
}
