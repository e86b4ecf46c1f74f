import { quoteDuckdbName, quoteMysqlName } from '../common/identifiers.js';
import type { ColumnPlan, TablePlan } from '../model/column-plan.js';
import type { ColumnSchema } from '../model/table-schema.js';
import { dateForm, timeForm, timestampForm } from './canonical-temporal.js';
import { invalidTextCondition } from './canonical-text.js';
import type { SqlPair } from './sql-pair.js';

/**
 * A column's values in a form that both databases make by SQL of their own: whole numbers where
 * that is possible, which costs a tenth of what texts do, else bytes. What the replica can't hold
 * has the form of what a sync stores for it.
 *
 * The source's expressions are for a session with `SET NAMES binary`, where nothing is converted
 * that is UTF-8 already.
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
}

export const SHOWN_CHARACTERS = 100;

/** Longer values take part by their hash, for the length of what SQL puts together is limited. */
const MAX_PLAIN_BYTES = 4096;

const MAX_NUMBER_DIGITS = 18;

/** What is described; the names are quoted. */
export interface ColumnSubject {
  readonly source: string;
  readonly replica: string;
  readonly plan: ColumnPlan;
  readonly schema: ColumnSchema;
  readonly options: CanonicalOptions;
}

type Form = Omit<CanonicalColumn, 'name' | 'shown'> & { readonly shown?: SqlPair };

export function canonicalColumns(plan: TablePlan, options: CanonicalOptions): CanonicalColumn[] {
  return plan.columns.map((column, at) =>
    canonicalColumn({
      source: quoteMysqlName(column.name),
      replica: quoteDuckdbName(column.name),
      plan: column,
      schema: plan.schema.columns[at],
      options,
    }),
  );
}

function canonicalColumn(subject: ColumnSubject): CanonicalColumn {
  const { source, replica, plan } = subject;
  const shown = shownPair(`CAST(${source} AS CHAR)`, `CAST(${replica} AS VARCHAR)`);
  return { shown, ...chooseForm(subject), name: plan.name };
}

function chooseForm(subject: ColumnSubject): Form {
  const { source, replica, plan } = subject;
  switch (plan.encoding.kind) {
    case 'copy':
      return /^(FLOAT|DOUBLE)$/.test(plan.duckdbType) ? floatForm(subject) : integerForm(subject);
    case 'tinyint-boolean':
      return booleanForm(subject, `(${source} <> 0)`);
    case 'bit':
      return plan.encoding.boolean
        ? booleanForm(subject, `(${source} + 0)`)
        : {
            ...numbersOnly(number(subject, { source: `(${source} + 0)`, replica }, 64, true)),
            shown: shownPair(`CAST(${source} + 0 AS CHAR)`, `CAST(${replica} AS VARCHAR)`),
          };
    case 'decimal':
      return decimalForm(subject, plan.encoding.scale);
    case 'date':
      return numbersOnly(dateForm(subject));
    case 'timestamp':
      return numbersOnly(...timestampForm(subject));
    case 'time':
    case 'time-interval':
      return numbersOnly(timeForm(subject, plan.encoding.kind === 'time'));
    case 'bytes':
      return bytesForm(subject);
    case 'geometry':
      return geometryForm(subject);
    case 'vector':
      return vectorForm(subject);
    case 'uuid-text':
      return marked(`CAST(${source} AS CHAR)`, `CAST(${replica} AS VARCHAR)`);
    case 'text':
      return textForm(subject);
  }
}

function number(
  subject: ColumnSubject,
  pair: SqlPair,
  bits: number,
  isUnsigned: boolean,
): CanonicalNumber {
  return { ...pair, bits, isUnsigned, isNullable: subject.schema.nullable };
}

function numbersOnly(...numbers: CanonicalNumber[]): Form {
  return { numbers, text: null };
}

/** Values without `;` that carry the end and the NULL in themselves. */
function marked(source: string, replica: string): Form {
  return {
    numbers: [],
    text: {
      source: `IFNULL(CONCAT(${source}, ';'), 'N;')`,
      replica: `coalesce(${replica} || ';', 'N;')`,
    },
  };
}

/** Cut to what is shown; from the binary of the session's character set back to text. */
function shownPair(source: string, replica: string): SqlPair {
  return {
    source: `LEFT(CONVERT(${source} USING utf8mb4), ${SHOWN_CHARACTERS})`,
    replica: `left(${replica}, ${SHOWN_CHARACTERS})`,
  };
}

function integerForm(subject: ColumnSubject): Form {
  const { source, replica, plan, schema } = subject;
  const bits = plan.layout.kind === 'fixed' ? plan.layout.bytes * 8 : 64;
  const isUnsigned = plan.duckdbType.startsWith('U') || schema.dataType === 'year';
  return {
    ...numbersOnly(number(subject, { source, replica }, bits, isUnsigned)),
    // ZEROFILL pads the text alone.
    shown: shownPair(`CAST(${source} + 0 AS CHAR)`, `CAST(${replica} AS VARCHAR)`),
  };
}

function booleanForm(subject: ColumnSubject, source: string): Form {
  const { replica } = subject;
  const pair = { source, replica: `CAST(${replica} AS INTEGER)` };
  return {
    ...numbersOnly(number(subject, pair, 8, true)),
    shown: shownPair(
      `CASE ${source} WHEN 0 THEN 'false' WHEN 1 THEN 'true' END`,
      `CAST(${replica} AS VARCHAR)`,
    ),
  };
}

/** Up to 18 digits as the whole number without the point; more as text. */
function decimalForm(subject: ColumnSubject, scale: number): Form {
  const { source, replica, schema } = subject;
  const precision = schema.numericPrecision ?? 10;
  if (precision <= MAX_NUMBER_DIGITS) {
    const factor = `1${'0'.repeat(scale)}`;
    const bits = Math.ceil(Math.log2(10 ** precision)) + 1;
    const pair = {
      source: `CAST(${source}${scale === 0 ? '' : ` * ${factor}`} AS SIGNED)`,
      replica: `CAST(${replica}${scale === 0 ? '' : ` * ${factor}`} AS BIGINT)`,
    };
    return numbersOnly(number(subject, pair, bits, false));
  }
  // The cast takes the padding of ZEROFILL away. DuckDB prints no zero before the point where it
  // can hold none.
  const text = `CAST(${replica} AS VARCHAR)`;
  return marked(
    `CAST(CAST(${source} AS DECIMAL(${precision},${scale})) AS CHAR)`,
    precision === scale ? `regexp_replace(${text}, '^(-?)\\.', '\\10.')` : text,
  );
}

/**
 * A double's bits by way of well-known binary, least significant byte first. MariaDB stores a
 * negative zero and shows it to nobody.
 */
function floatForm({ source, replica, options }: ColumnSubject): Form {
  const value = options.isMariaDb ? `${source} + 0e0` : source;
  return marked(
    `HEX(REVERSE(SUBSTRING(ST_AsWKB(POINT(${value}, 0)), 6, 8)))`,
    `hex(CAST(CAST(CAST(${replica} AS DOUBLE) AS BIT) AS BLOB))`,
  );
}

function bytesForm(subject: ColumnSubject): Form {
  const { source, replica } = subject;
  const length = { source: `LENGTH(${source})`, replica: `octet_length(${replica})` };
  return {
    numbers: [number(subject, length, 32, true)],
    text: plainOrHashed(
      { source: `HEX(${source})`, replica: `hex(${replica})` },
      { source, replica },
      length,
      isShort(subject.schema, MAX_PLAIN_BYTES),
    ),
    shown: {
      source: `CONVERT(CONCAT('0x', LOWER(HEX(LEFT(${source}, 49)))) USING utf8mb4)`,
      replica: `left('0x' || lower(hex(${replica})), ${SHOWN_CHARACTERS})`,
    },
  };
}

function plainOrHashed(
  plain: SqlPair,
  bytes: SqlPair,
  length: SqlPair,
  isAlwaysPlain: boolean,
): SqlPair {
  if (isAlwaysPlain) return plain;
  const { source, replica } = length;
  return {
    source: `IF(${source} > ${MAX_PLAIN_BYTES}, SHA2(${bytes.source}, 256), ${plain.source})`,
    replica:
      `CASE WHEN ${replica} > ${MAX_PLAIN_BYTES} ` +
      `THEN sha256(${bytes.replica}) ELSE ${plain.replica} END`,
  };
}

/** Whether the declared length keeps values this short; counted in bytes where they are bytes. */
function isShort({ columnType, dataType }: ColumnSchema, limit: number): boolean {
  if (dataType === 'enum') return true;
  const declared = /^(?:var)?(?:char|binary)\((\d+)\)/.exec(columnType);
  return declared !== null && Number(declared[1]) <= limit;
}

/** Coordinates in the order of storage: MySQL swaps them for geographic systems when it prints. */
function geometryForm({ source, replica, options }: ColumnSubject): Form {
  const order = options.isMariaDb ? '' : `, 'axis-order=long-lat'`;
  return {
    ...marked(`SHA2(ST_AsWKB(${source}${order}), 256)`, `sha256(ST_AsWKB(${replica}))`),
    shown: shownPair(`ST_AsText(${source}${order})`, `CAST(${replica} AS VARCHAR)`),
  };
}

/** 32-bit floats, each as its bits. */
function vectorForm({ source, replica }: ColumnSubject): Form {
  const bits = 'hex(CAST(CAST(x AS BIT) AS BLOB))';
  const reversed = `list_reverse(list_transform(${replica}, x -> ${bits}))`;
  return {
    ...marked(
      `SHA2(HEX(REVERSE(UNHEX(HEX(${source})))), 256)`,
      `sha256(array_to_string(${reversed}, ''))`,
    ),
    shown: shownPair(`HEX(${source})`, `CAST(${replica} AS VARCHAR)`),
  };
}

const UTF8_SETS = new Set(['utf8', 'utf8mb3', 'utf8mb4', 'ascii']);

function textForm(subject: ColumnSubject): Form {
  const { replica: name, schema, options } = subject;
  const replica = `CAST(${name} AS VARCHAR)`;
  const text = schema.dataType === 'json' ? `CAST(${subject.source} AS CHAR)` : subject.source;
  const shown = shownPair(text, replica);
  if (schema.characterSet === null) {
    return { ...marked(`SHA2(${toText(text, schema)}, 256)`, `sha256(${replica})`), shown };
  }
  const invalid = options.invalidTexts.has(schema.name)
    ? invalidTextCondition(subject.source, schema, options.isMariaDb)
    : null;
  const valid = invalid === null ? text : `IF(${invalid}, NULL, ${text})`;
  const isUtf8 = UTF8_SETS.has(schema.characterSet);
  const length = isUtf8
    ? { source: `LENGTH(${valid})`, replica: `strlen(${replica})` }
    : { source: `CHAR_LENGTH(${valid})`, replica: `length(${replica})` };
  const plain = { source: isUtf8 ? valid : `CONVERT(${valid} USING utf8mb4)`, replica };
  return {
    numbers: [
      { ...length, bits: 32, isUnsigned: true, isNullable: schema.nullable || invalid !== null },
    ],
    text: plainOrHashed(plain, plain, length, isShort(schema, MAX_PLAIN_BYTES / 4)),
    shown,
  };
}

/** JSON and what newer servers may add: as the server prints it. */
function toText(source: string, { dataType }: ColumnSchema): string {
  return dataType === 'json' ? source : `CONVERT(${source} USING utf8mb4)`;
}
