import type { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';

/** A table, what happens to it between two syncs, and what the second one has to say. */
export interface TableCase {
  readonly table: string;
  readonly flavours?: readonly Flavour[];
  /** What follows `CREATE TABLE <name>`. */
  readonly ddl: string;
  /** Statements before the first sync; `@` stands for the table. */
  readonly seed: readonly string[];
  /** Statements between the first sync and the second. */
  readonly change: readonly string[];
  /** What the second sync counts, where it is certain. */
  readonly counts?: Counts;
  /**
   * Rows that are gone from the source afterwards, which only `--deletes` removes; null where the
   * second sync may have removed some on its way. 0 by default.
   */
  readonly gone?: number | null;
  /** Values that the replica can't hold: after the first sync, the second, and with `--deletes`. */
  readonly rejected?: {
    readonly before: number;
    readonly after: number;
    readonly withoutGone: number;
  };
  /** False where keys of rejected values are not recorded as the server prints them. */
  readonly hasKeyTexts?: boolean;
}

export interface Counts {
  readonly inserted?: number;
  readonly updated?: number;
  readonly unchanged?: number;
}

/** Makes a table whose `changed` the server keeps: `columns` before it, `rest` behind it. */
export function withChanged(
  columns: string,
  type = 'TIMESTAMP(6)',
  rest = 'KEY (changed)',
): string {
  const now = `CURRENT_TIMESTAMP${/\(\d\)/.exec(type)?.[0] ?? ''}`;
  const changed = `changed ${type} NOT NULL DEFAULT ${now} ON UPDATE ${now}`;
  return `(${[columns, changed, rest].filter((part) => part !== '').join(', ')})`;
}

/** A moment long ago, a day later for each number. */
export function day(number: number): string {
  return `'2024-01-${String(number).padStart(2, '0')} 00:00:00'`;
}

export async function runOn(
  source: TestSource,
  { table }: TableCase,
  statements: readonly string[],
): Promise<void> {
  const name = `\`${table.replaceAll('`', '``')}\``;
  await source.run(...statements.map((statement) => statement.replaceAll('@', name)));
}
