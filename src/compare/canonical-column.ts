import { quoteDuckdbName, quoteMysqlName } from '../common/identifiers.js';
import type { TablePlan } from '../model/column-plan.js';
import type { ColumnSchema } from '../model/table-schema.js';
import {
  type CanonicalColumn,
  type CanonicalOptions,
  type ColumnSubject,
  type Form,
  marked,
  number,
  numbersOnly,
  SHOWN_CHARACTERS,
  shownPair,
} from './canonical-form.js';
import { booleanForm, decimalForm, floatForm, integerForm } from './canonical-number.js';
import { calendarForm, dateForm, timeForm, timestampForm } from './canonical-temporal.js';
import { invalidTextCondition } from './canonical-text.js';
import type { SqlPair } from './sql-pair.js';

/** Longer values take part by their hash, for the length of what SQL puts together is limited. */
const MAX_PLAIN_BYTES = 4096;

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
  const { source, replica, plan, options } = subject;
  const tellsLost = options.tellsLostValues === true;
  const calendar = tellsLost ? [calendarForm(subject)] : [];
  switch (plan.encoding.kind) {
    case 'copy':
      return /^(FLOAT|DOUBLE)$/.test(plan.duckdbType) ? floatForm(subject) : integerForm(subject);
    case 'tinyint-boolean':
      return booleanForm(subject, tellsLost ? `(${source} + 0)` : `(${source} <> 0)`);
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
      return numbersOnly(dateForm(subject), ...calendar);
    case 'timestamp':
      return numbersOnly(...timestampForm(subject), ...calendar);
    case 'time':
    case 'time-interval':
      return numbersOnly(timeForm(subject, plan.encoding.kind === 'time' && !tellsLost));
    case 'bytes':
      return bytesForm(subject);
    case 'geometry':
      return geometryForm(subject);
    case 'vector':
      return vectorForm(subject);
    case 'uuid-text':
      return uuidForm(subject);
    case 'text':
      return textForm(subject);
  }
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
      // LOWER leaves binary as it is.
      source: `CONCAT('0x', LOWER(CONVERT(HEX(LEFT(${source}, 49)) USING utf8mb4)))`,
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

/** A cast to the session's character set, which is binary, would give the 16 bytes. */
function uuidForm({ source, replica }: ColumnSubject): Form {
  const text = {
    source: `CONVERT(${source} USING utf8mb4)`,
    replica: `CAST(${replica} AS VARCHAR)`,
  };
  return { ...marked(text.source, text.replica), shown: text };
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
  if (schema.characterSet === null) {
    const printed = toText(text, schema);
    const shown = shownPair(printed, replica);
    return { ...marked(`SHA2(${printed}, 256)`, `sha256(${replica})`), shown };
  }
  const shown = shownPair(text, replica);
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
