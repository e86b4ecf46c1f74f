import type { Flavour } from '../../servers/test-server.js';
import type { RejectionReason } from '../../../src/model/rejected-value.js';

/** One column type with values at its extremes. Each case becomes a table (`id`, `v`). */
export interface TypeCase {
  /** The table's name. */
  readonly name: string;
  /** Where the type exists; both by default. */
  readonly flavours?: readonly Flavour[];
  /** The definition of the column `v`, which has to take NULL. */
  readonly ddl: string;
  /** Statements for the inserting session, such as its time zone; undone after the case. */
  readonly session?: readonly string[];
  /** Empty where the server computes the column from `id`. */
  readonly values: readonly TypeValue[];
}

export interface TypeValue {
  /** A MySQL expression to insert. */
  readonly sql: string;
  /**
   * What DuckDB prints for the replica's value under default options, where it is worth saying
   * independently of what the server prints; null for a value that cannot be held.
   */
  readonly text?: string | null;
  /** The same where `TINYINT1_AS=tinyint`, `TIME_AS=interval` or `TIMESTAMP_AS=timestamptz`. */
  readonly otherText?: string;
  /** Why the value is recorded as rejected under default options. */
  readonly rejected?: RejectionReason;
  /** Too large to be inserted more than once. */
  readonly once?: boolean;
}

/** Numbers and other literals that DuckDB prints as they are written. */
export function literals(...texts: readonly string[]): TypeValue[] {
  return texts.map((text) => ({ sql: text, text }));
}

/** The same between quotes. */
export function quoted(...texts: readonly string[]): TypeValue[] {
  return texts.map((text) => ({ sql: `'${text.replaceAll("'", "''")}'`, text }));
}

/** Expressions whose result only the server can say. */
export function expressions(...sql: readonly string[]): TypeValue[] {
  return sql.map((one) => ({ sql: one }));
}

export function rejectedValues(reason: RejectionReason, ...texts: readonly string[]): TypeValue[] {
  return texts.map((text) => ({ sql: `'${text}'`, text: null, rejected: reason }));
}
