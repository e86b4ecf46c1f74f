import type { RowMark } from '../compare/digests.js';

/** A row, by its identity, that is not the same on both sides. */
export interface RowDifference {
  readonly identity: string;
  /** How many rows of that identity; 1 where keys tell rows apart. */
  readonly missing: number;
  readonly extra: number;
  readonly changed: number;
}

interface Unmatched {
  source: number;
  replica: number;
}

/**
 * Rows that only one side has. Those of one identity are paired as changed, unless rows have no key:
 * then their identity is all of their values.
 */
export function rowDifferences(
  source: readonly RowMark[],
  replica: readonly RowMark[],
  hasKey: boolean,
): RowDifference[] {
  const balance = new Map<string, Map<string, number>>();
  const add = ({ identity, checksum, count }: RowMark, sign: 1 | -1): void => {
    const rows = balance.get(identity) ?? new Map<string, number>();
    balance.set(identity, rows.set(checksum, (rows.get(checksum) ?? 0) + sign * count));
  };
  for (const mark of source) add(mark, 1);
  for (const mark of replica) add(mark, -1);
  return [...balance].flatMap(([identity, rows]) => {
    const unmatched: Unmatched = { source: 0, replica: 0 };
    for (const count of rows.values()) {
      if (count > 0) unmatched.source += count;
      else unmatched.replica -= count;
    }
    if (unmatched.source === 0 && unmatched.replica === 0) return [];
    const changed = hasKey ? Math.min(unmatched.source, unmatched.replica) : 0;
    return [
      {
        identity,
        missing: unmatched.source - changed,
        extra: unmatched.replica - changed,
        changed,
      },
    ];
  });
}
