/** The declared digits of a second's fraction, by the column's type: 3 of `datetime(3)`. */
export function fractionDigits(columnType: string): number {
  return Number(/\((\d)\)/.exec(columnType)?.[1] ?? 0);
}
