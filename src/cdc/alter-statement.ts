import type { QualifiedName, StatementReader } from './statement-reader.js';

export interface AlteredEffect {
  readonly kind: 'altered';
  readonly table: QualifiedName;
  /**
   * True if neither rows nor columns change, nor what identifies a row, unless one of `indexes` is
   * the table's key.
   */
  readonly harmless: boolean;
  /** Indexes that are dropped or get another name. */
  readonly indexes: readonly string[];
  readonly renamedTo: QualifiedName | null;
  /** A second table that exchanges rows with this one, or becomes a part of it or comes from it. */
  readonly other: QualifiedName | null;
}

interface AlterResult {
  readonly effect: AlteredEffect;
  /** The statement gives the table another name and does nothing else. */
  readonly renamesOnly: boolean;
}

/** What one part of ALTER TABLE does; nothing else is known of what is not harmless. */
interface PartEffect {
  readonly harmless: boolean;
  readonly index?: string;
  readonly renamedTo?: QualifiedName;
  readonly other?: QualifiedName;
}

const HARMLESS: PartEffect = { harmless: true };
const HARMFUL: PartEffect = { harmless: false };

interface AlterHead {
  readonly table: QualifiedName;
  /** What does not fit is left out, such as rows that a new unique index does not allow. */
  readonly ignores: boolean;
}

/** `[ONLINE] [IGNORE] TABLE [IF EXISTS] name`, behind ALTER; null if it is none. */
function takeAlterHead(reader: StatementReader): AlterHead | null {
  if (!reader.take('ONLINE')) reader.take('OFFLINE');
  const ignores = reader.take('IGNORE');
  if (!reader.take('TABLE')) return null;
  reader.take('IF', 'EXISTS');
  const table = reader.takeName();
  reader.takeWait();
  return table === null ? null : { table, ignores };
}

/** ALTER TABLE, behind ALTER; null if it is none or not understood. */
export function alterTable(reader: StatementReader): AlterResult | null {
  const head = takeAlterHead(reader);
  if (head === null) return null;
  const { table, ignores } = head;
  const parts = keepsRowsInPartitions(reader) ? [HARMLESS] : reader.takeParts().map(partEffect);
  const others = parts.flatMap(({ other }) => other ?? []);
  if (others.length > 1) return null;
  const renamedTo = parts.findLast((part) => part.renamedTo !== undefined)?.renamedTo ?? null;
  return {
    effect: {
      kind: 'altered',
      table,
      harmless: !ignores && parts.every(({ harmless }) => harmless),
      indexes: parts.flatMap(({ index }) => index ?? []),
      renamedTo,
      other: others[0] ?? null,
    },
    renamesOnly: parts.length === 1 && parts[0].harmless && renamedTo !== null,
  };
}

function partEffect(part: StatementReader): PartEffect {
  if (part.take('ADD')) return addEffect(part);
  if (part.take('DROP')) return dropEffect(part);
  if (part.take('RENAME')) return renameEffect(part);
  if (part.take('ALTER')) return alterEffect(part);
  if (part.take('EXCHANGE', 'PARTITION')) return exchangeEffect(part);
  if (part.take('CONVERT')) return convertEffect(part);
  return optionsEffect(part);
}

/** True where partitions are only divided anew, counted or rebuilt; nothing can stand beside that. */
function keepsRowsInPartitions(reader: StatementReader): boolean {
  return reader.takeOneOf(HARMLESS_PARTITION_VERBS) !== '' && reader.take('PARTITION');
}

const HARMLESS_PARTITION_VERBS: ReadonlySet<string> = new Set([
  ...['REORGANIZE', 'COALESCE', 'REBUILD', 'OPTIMIZE', 'ANALYZE', 'CHECK'],
]);

function addEffect(part: StatementReader): PartEffect {
  if (part.take('PARTITION')) return HARMLESS;
  if (part.take('CONSTRAINT') && !isConstraintKind(part)) part.takeIdentifier();
  if (part.take('FOREIGN', 'KEY')) return HARMLESS;
  // MariaDB's JSON columns are those whose check says so.
  if (part.take('CHECK')) return part.mentions('JSON_VALID') ? HARMFUL : HARMLESS;
  if (part.take('FULLTEXT') || part.take('SPATIAL')) return HARMLESS;
  if (part.word() === 'VECTOR' && INDEX_WORDS.has(part.word(1))) return HARMLESS;
  return part.takeOneOf(INDEX_WORDS) === '' ? HARMFUL : HARMLESS;
}

const INDEX_WORDS: ReadonlySet<string> = new Set(['INDEX', 'KEY']);
const CONSTRAINT_KINDS: ReadonlySet<string> = new Set(['PRIMARY', 'UNIQUE', 'FOREIGN', 'CHECK']);

function isConstraintKind(part: StatementReader): boolean {
  return CONSTRAINT_KINDS.has(part.word());
}

function dropEffect(part: StatementReader): PartEffect {
  if (part.takeOneOf(INDEX_WORDS) !== '') {
    part.take('IF', 'EXISTS');
    return indexEffect(part.takeIdentifier());
  }
  return part.take('FOREIGN', 'KEY') || part.take('CHECK') ? HARMLESS : HARMFUL;
}

function indexEffect(index: string | null): PartEffect {
  if (index === null) return HARMFUL;
  return { harmless: index.toUpperCase() !== 'PRIMARY', index };
}

function renameEffect(part: StatementReader): PartEffect {
  if (part.takeOneOf(INDEX_WORDS) !== '') {
    part.take('IF', 'EXISTS');
    return indexEffect(part.takeIdentifier());
  }
  if (part.take('COLUMN')) return HARMFUL;
  if (!part.takeSymbol('=') && !part.take('TO')) part.take('AS');
  const renamedTo = part.takeName();
  return renamedTo === null ? HARMFUL : { harmless: part.atEnd, renamedTo };
}

/** Whether an index is used, and whether a constraint is enforced. */
function alterEffect(part: StatementReader): PartEffect {
  const kind = part.takeOneOf(ALTERABLE);
  return kind === '' ? HARMFUL : HARMLESS;
}

const ALTERABLE: ReadonlySet<string> = new Set(['INDEX', 'KEY', 'CHECK', 'CONSTRAINT']);

function exchangeEffect(part: StatementReader): PartEffect {
  part.takeIdentifier();
  return otherTable(part.take('WITH', 'TABLE') ? part.takeName() : null);
}

/** MariaDB: CONVERT PARTITION p TO TABLE t, CONVERT TABLE t TO PARTITION p …; else a character set. */
function convertEffect(part: StatementReader): PartEffect {
  if (part.take('TABLE')) return otherTable(part.takeName());
  if (!part.take('PARTITION')) return HARMFUL;
  part.takeIdentifier();
  return otherTable(part.take('TO', 'TABLE') ? part.takeName() : null);
}

function otherTable(other: QualifiedName | null): PartEffect {
  return other === null ? HARMFUL : { harmless: false, other };
}

/** Settings of the table that concern neither its rows nor its columns; each has a value. */
const OPTIONS: ReadonlySet<string> = new Set([
  ...['ALGORITHM', 'AUTOEXTEND_SIZE', 'AUTO_INCREMENT', 'AVG_ROW_LENGTH', 'CHECKSUM', 'COMMENT'],
  ...['COMPRESSION', 'DELAY_KEY_WRITE', 'ENCRYPTED', 'ENCRYPTION', 'ENCRYPTION_KEY_ID'],
  ...['ENGINE_ATTRIBUTE', 'KEY_BLOCK_SIZE', 'LOCK', 'MAX_ROWS', 'MIN_ROWS', 'PACK_KEYS'],
  ...['PAGE_CHECKSUM', 'PAGE_COMPRESSED', 'PAGE_COMPRESSION_LEVEL', 'ROW_FORMAT'],
  ...['SECONDARY_ENGINE', 'SECONDARY_ENGINE_ATTRIBUTE', 'STATS_AUTO_RECALC', 'STATS_PERSISTENT'],
  ...['STATS_SAMPLE_PAGES', 'TABLE_CHECKSUM', 'TABLESPACE', 'TRANSACTIONAL'],
]);

/** Options with a value, in a row without commas, and actions without one. */
function optionsEffect(part: StatementReader): PartEffect {
  while (!part.atEnd) if (!takeAction(part) && !takeOption(part)) return HARMFUL;
  return HARMLESS;
}

function takeAction(part: StatementReader): boolean {
  if (part.take('PARTITION', 'BY') || part.take('REMOVE', 'PARTITIONING')) {
    // Rows that fit no partition make the statement fail; nothing else may follow.
    while (part.next() !== null);
    return true;
  }
  return (
    part.take('FORCE') ||
    part.take('ENABLE', 'KEYS') ||
    part.take('DISABLE', 'KEYS') ||
    part.take('WITH', 'VALIDATION') ||
    part.take('WITHOUT', 'VALIDATION') ||
    part.take('SECONDARY_LOAD') ||
    part.take('SECONDARY_UNLOAD')
  );
}

function takeOption(part: StatementReader): boolean {
  if (part.take('ENGINE')) {
    part.takeSymbol('=');
    return part.next()?.text.toUpperCase() === 'INNODB';
  }
  // The default for columns to come; that of columns that are there changes by CONVERT TO.
  part.take('DEFAULT');
  const option = part.take('CHARACTER', 'SET') || part.take('CHARSET') || part.take('COLLATE');
  if (!option && part.takeOneOf(OPTIONS) === '') return false;
  part.takeSymbol('=');
  const value = part.next();
  return value !== null && value.kind !== 'symbol';
}
