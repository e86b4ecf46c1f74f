import type { ColumnPlan } from '../model/column-plan.js';
import type { ColumnSchema } from '../model/table-schema.js';
import type { SqlPair } from './sql-pair.js';

/**
 * A column's values in a form that both databases make by SQL of their own: whole numbers where
 * that is possible, which costs a tenth of what texts do, else bytes. What the replica can't hold
 * has the form of what a sync stores for it.
 *
 * The source's expressions give the same in any session; they are fast in one of
 * `openComparingSession`, where nothing is converted that is UTF-8 already.
 */
export interface CanonicalColumn {
  readonly name: string;
  readonly numbers: readonly CanonicalNumber[];
  /** Texts, without their lengths and NULLs where `numbers` tell those; null where there are none. */
  readonly text: SqlPair | null;
  /** The value for people to read, up to `SHOWN_CHARACTERS`; NULL for NULL. */
  readonly shown: SqlPair;
}

export interface CanonicalNumber extends SqlPair {
  /** A two's complement of so many bits tells all values apart; 64 at most. */
  readonly bits: number;
  /** Whether the source's number is never negative. */
  readonly isUnsigned: boolean;
  /** Whether the source's expression can be NULL. */
  readonly isNullable: boolean;
}

export interface CanonicalOptions {
  readonly isMariaDb: boolean;
  /** Columns in which invalid UTF-8 was met: it is looked for there, which is slow. */
  readonly invalidTexts: ReadonlySet<string>;
  /** Likewise for dates that don't exist; null: they may be anywhere. */
  readonly invalidDates: ReadonlySet<string> | null;
  /** Whether values are to be told apart that are the same to the replica, as NULL or true. */
  readonly tellsLostValues?: boolean;
}

export const SHOWN_CHARACTERS = 100;

/** What is described; the names are quoted. */
export interface ColumnSubject {
  readonly source: string;
  readonly replica: string;
  readonly plan: ColumnPlan;
  readonly schema: ColumnSchema;
  readonly options: CanonicalOptions;
}

export type Form = Omit<CanonicalColumn, 'name' | 'shown'> & { readonly shown?: SqlPair };

export function number(
  subject: ColumnSubject,
  pair: SqlPair,
  bits: number,
  isUnsigned: boolean,
): CanonicalNumber {
  return { ...pair, bits, isUnsigned, isNullable: subject.schema.nullable };
}

export function numbersOnly(...numbers: CanonicalNumber[]): Form {
  return { numbers, text: null };
}

/** Values without `;` that carry the end and the NULL in themselves. */
export function marked(source: string, replica: string): Form {
  return {
    numbers: [],
    text: {
      source: `IFNULL(CONCAT(${source}, ';'), 'N;')`,
      replica: `coalesce(${replica} || ';', 'N;')`,
    },
  };
}

/** Cut to what is shown; from the binary of the session's character set back to text. */
export function shownPair(source: string, replica: string): SqlPair {
  return {
    source: `LEFT(CONVERT(${source} USING utf8mb4), ${SHOWN_CHARACTERS})`,
    replica: `left(${replica}, ${SHOWN_CHARACTERS})`,
  };
}
