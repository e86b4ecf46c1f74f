import { isDeepStrictEqual } from 'node:util';
import { classifyStatement } from '../source/binlog/statements.js';
import { alterTable, type AlteredEffect } from './alter-statement.js';
import { type QualifiedName, StatementReader } from './statement-reader.js';
import { readStatement, type Token } from './statement-tokens.js';

/**
 * What a statement of the binlog does to tables. Names are as written: a server that folds letter
 * case means the same table by others. A name may be a view's, and `created` and `dropped` may name
 * a table that was there already, or was not: no-ops by IF [NOT] EXISTS are logged too.
 */
export type TableEffect =
  /** Concerns no table's rows or columns, as the words of transactions do. */
  | { readonly kind: 'none' }
  | {
      readonly kind: 'created';
      readonly tables: readonly QualifiedName[];
      /** OR REPLACE: a table of that name was dropped before. */
      readonly replaces: boolean;
    }
  | { readonly kind: 'dropped'; readonly tables: readonly QualifiedName[] }
  | { readonly kind: 'truncated'; readonly tables: readonly QualifiedName[] }
  /** One after the other: names may chain. */
  | { readonly kind: 'renamed'; readonly renames: readonly Rename[] }
  | AlteredEffect
  | { readonly kind: 'database-dropped'; readonly database: string }
  /**
   * A change of rows that was logged as a statement instead of as rows. Triggers and cascades may
   * change tables other than those named; null: no table can be named.
   */
  | { readonly kind: 'rows'; readonly tables: readonly QualifiedName[] | null }
  /** Not understood: anything may have changed. */
  | { readonly kind: 'unknown' };

export interface Rename {
  readonly from: QualifiedName;
  readonly to: QualifiedName;
}

const NONE: TableEffect = { kind: 'none' };
const UNKNOWN: TableEffect = { kind: 'unknown' };

/** Classifies a statement as it stands in the binlog. Never guesses: see `unknown` and `harmless`. */
export function tableEffect(statement: string, defaultDatabase: string): TableEffect {
  if (classifyStatement(statement).kind !== 'other') return NONE;
  const readings = readStatement(statement);
  if (readings.length === 0) return UNKNOWN;
  return readings.map((tokens) => readEffect(tokens, defaultDatabase)).reduce(eitherEffect);
}

/** What holds whichever of two readings is meant. */
function eitherEffect(one: TableEffect, two: TableEffect): TableEffect {
  if (isDeepStrictEqual(one, two)) return one;
  if (one.kind !== 'altered' || two.kind !== 'altered') return UNKNOWN;
  const harmless = one.harmless && two.harmless;
  const indexes = [...new Set([...one.indexes, ...two.indexes])];
  const both = { ...one, harmless, indexes };
  return isDeepStrictEqual(both, { ...two, harmless, indexes }) ? both : UNKNOWN;
}

function readEffect(tokens: readonly Token[], defaultDatabase: string): TableEffect {
  let end = tokens.length;
  while (end > 0 && tokens[end - 1].kind === 'symbol' && tokens[end - 1].text === ';') end--;
  if (end === 0) return NONE;
  const own = tokens.slice(0, end);
  return statementEffect(new StatementReader(own, defaultDatabase)) ?? UNKNOWN;
}

/** Null where a statement is not understood. */
function statementEffect(reader: StatementReader): TableEffect | null {
  if (reader.takeOneOf(INDIFFERENT) !== '') return NONE;
  const verb = reader.takeOneOf(VERBS);
  switch (verb) {
    case 'CREATE':
      return createEffect(reader);
    case 'ALTER':
      return alterEffect(reader);
    case 'DROP':
      return dropEffect(reader);
    case 'RENAME':
      return renameEffect(reader);
    case 'TRUNCATE':
      return truncateEffect(reader);
    case 'REPAIR':
      return repairEffect(reader);
    case 'SET':
      return setEffect(reader);
    case '':
      return null;
    default:
      return { kind: 'rows', tables: changedTables(verb, reader) };
  }
}

/** Statements that concern no table's rows or columns, whatever follows. */
const INDIFFERENT: ReadonlySet<string> = new Set([
  ...['ANALYZE', 'CACHE', 'CHECK', 'CHECKSUM', 'FLUSH', 'GRANT', 'INSTALL', 'KILL', 'LOCK'],
  ...['OPTIMIZE', 'PURGE', 'REVOKE', 'SHOW', 'UNINSTALL', 'UNLOCK', 'USE'],
]);

const VERBS: ReadonlySet<string> = new Set([
  ...['CREATE', 'ALTER', 'DROP', 'RENAME', 'TRUNCATE', 'REPAIR', 'SET'],
  ...['INSERT', 'REPLACE', 'UPDATE', 'DELETE', 'LOAD', 'CALL', 'SELECT', 'WITH', 'DO'],
]);

/** What CREATE, ALTER and DROP may name besides tables, indexes and databases. */
const OTHER_OBJECTS: ReadonlySet<string> = new Set([
  ...['AGGREGATE', 'EVENT', 'FUNCTION', 'INSTANCE', 'LOGFILE', 'PACKAGE', 'PREPARE', 'PROCEDURE'],
  ...['LIBRARY', 'ROLE', 'SEQUENCE', 'SERVER', 'TABLESPACE', 'TRIGGER', 'UNDO', 'USER', 'VIEW'],
]);

/** Reads what stands between the verb and the kind of object; true for an object that is no table. */
function takeOtherObject(reader: StatementReader): boolean {
  if (reader.take('ALGORITHM')) {
    reader.takeSymbol('=');
    reader.next();
  }
  if (reader.take('DEFINER')) {
    reader.takeSymbol('=');
    takeAccount(reader);
  }
  if (reader.take('SQL', 'SECURITY')) reader.next();
  return (
    reader.takeOneOf(OTHER_OBJECTS) !== '' ||
    reader.take('RESOURCE', 'GROUP') ||
    reader.take('SPATIAL', 'REFERENCE', 'SYSTEM') ||
    reader.take('JSON', 'RELATIONAL', 'DUALITY', 'VIEW') ||
    reader.take('JSON', 'DUALITY', 'VIEW')
  );
}

/** `user`, `user`@`host` or CURRENT_USER(). */
function takeAccount(reader: StatementReader): void {
  reader.next();
  if (reader.takeSymbol('(')) reader.takeSymbol(')');
  if (reader.takeSymbol('@')) reader.next();
}

const INDEX_KINDS: ReadonlySet<string> = new Set(['UNIQUE', 'FULLTEXT', 'SPATIAL', 'VECTOR']);

function createEffect(reader: StatementReader): TableEffect | null {
  const replaces = reader.take('OR', 'REPLACE');
  if (takesTemporary(reader)) return NONE;
  if (reader.take('TABLE')) {
    reader.take('IF', 'NOT', 'EXISTS');
    const table = reader.takeName();
    return table === null ? null : { kind: 'created', tables: [table], replaces };
  }
  if (reader.take('DATABASE') || reader.take('SCHEMA')) {
    return replaces ? databaseDropped(reader) : NONE;
  }
  if (replaces && reader.take('SEQUENCE')) return replacedBySequence(reader);
  if (takeOtherObject(reader)) return NONE;
  reader.take('ONLINE');
  const kind = reader.takeOneOf(INDEX_KINDS);
  if (!reader.take('INDEX')) return null;
  reader.take('IF', 'NOT', 'EXISTS');
  const index = reader.takeIdentifier();
  // An index that is replaced may have been unique.
  const replaced = replaces && index !== null ? [index] : [];
  return indexEffect(reader, kind !== 'UNIQUE', replaced);
}

/** MariaDB keeps sequences as tables, and a table of that name makes room. */
function replacedBySequence(reader: StatementReader): TableEffect | null {
  const name = reader.takeName();
  return name === null ? null : { kind: 'dropped', tables: [name] };
}

function takesTemporary(reader: StatementReader): boolean {
  return reader.take('TEMPORARY', 'TABLE') || reader.take('TEMPORARY', 'SEQUENCE');
}

/** … ON table …, of CREATE INDEX and DROP INDEX. */
function indexEffect(
  reader: StatementReader,
  harmless: boolean,
  indexes: readonly string[],
): TableEffect | null {
  // The index's type may stand before.
  if (reader.take('USING')) reader.next();
  const table = reader.take('ON') ? reader.takeName() : null;
  if (table === null) return null;
  return { kind: 'altered', table, harmless, indexes, renamedTo: null, other: null };
}

function dropEffect(reader: StatementReader): TableEffect | null {
  if (takesTemporary(reader)) return NONE;
  if (reader.take('TABLE') || reader.take('TABLES')) {
    reader.take('IF', 'EXISTS');
    const tables = reader.takeNames();
    return tables === null ? null : { kind: 'dropped', tables };
  }
  if (reader.take('DATABASE') || reader.take('SCHEMA')) return databaseDropped(reader);
  if (takeOtherObject(reader)) return NONE;
  reader.take('ONLINE');
  if (!reader.take('INDEX')) return null;
  reader.take('IF', 'EXISTS');
  const index = reader.takeIdentifier();
  if (index === null) return null;
  return indexEffect(reader, index.toUpperCase() !== 'PRIMARY', [index]);
}

function databaseDropped(reader: StatementReader): TableEffect | null {
  reader.take('IF', 'EXISTS');
  const database = reader.takeIdentifier();
  return database === null ? null : { kind: 'database-dropped', database };
}

function truncateEffect(reader: StatementReader): TableEffect | null {
  reader.take('TABLE');
  const table = reader.takeName();
  return table === null ? null : { kind: 'truncated', tables: [table] };
}

/** A repair may give up rows. */
function repairEffect(reader: StatementReader): TableEffect | null {
  if (!reader.take('NO_WRITE_TO_BINLOG')) reader.take('LOCAL');
  if (!reader.take('TABLE') && !reader.take('TABLES')) return reader.take('VIEW') ? NONE : null;
  const [table, ...others] = reader.takeNames() ?? [];
  if (table === undefined || others.length > 0) return null;
  const harmless = false;
  return { kind: 'altered', table, harmless, indexes: [], renamedTo: null, other: null };
}

function renameEffect(reader: StatementReader): TableEffect | null {
  if (reader.take('USER')) return NONE;
  if (!reader.take('TABLE') && !reader.take('TABLES')) return null;
  reader.take('IF', 'EXISTS');
  const renames: Rename[] = [];
  do {
    const from = reader.takeName();
    reader.takeWait();
    const to = reader.take('TO') ? reader.takeName() : null;
    if (from === null || to === null) return null;
    renames.push({ from, to });
  } while (reader.takeSymbol(','));
  return reader.atEnd ? { kind: 'renamed', renames } : null;
}

function alterEffect(reader: StatementReader): TableEffect | null {
  if (takeOtherObject(reader)) return NONE;
  if (reader.take('DATABASE') || reader.take('SCHEMA')) {
    // … UPGRADE DATA DIRECTORY NAME renames the database.
    return reader.mentions('UPGRADE') ? null : NONE;
  }
  const altered = alterTable(reader);
  if (altered?.renamesOnly === true && altered.effect.renamedTo !== null) {
    const { table, renamedTo } = altered.effect;
    return { kind: 'renamed', renames: [{ from: table, to: renamedTo }] };
  }
  return altered?.effect ?? null;
}

/** SET STATEMENT variable = value FOR statement (MariaDB), or SET of settings and passwords. */
function setEffect(reader: StatementReader): TableEffect | null {
  if (!reader.take('STATEMENT')) return NONE;
  while (!reader.atEnd)
    if (reader.take('FOR')) return statementEffect(reader);
    else reader.next();
  return null;
}

const CHANGE_MODIFIERS: ReadonlySet<string> = new Set([
  ...['LOW_PRIORITY', 'HIGH_PRIORITY', 'DELAYED', 'QUICK', 'IGNORE'],
]);

/** The one table that the statement names as its target; null if it is not that simple. */
function changedTables(verb: string, reader: StatementReader): QualifiedName[] | null {
  while (reader.takeOneOf(CHANGE_MODIFIERS) !== '');
  switch (verb) {
    case 'INSERT':
    case 'REPLACE': {
      reader.take('INTO');
      return oneTable(reader.takeName());
    }
    case 'UPDATE': {
      const table = reader.takeName();
      return reader.take('SET') ? oneTable(table) : null;
    }
    case 'DELETE': {
      const table = reader.take('FROM') ? reader.takeName() : null;
      return reader.atEnd || reader.take('WHERE') ? oneTable(table) : null;
    }
    case 'LOAD': {
      while (!reader.atEnd && !reader.take('INTO', 'TABLE')) reader.next();
      return oneTable(reader.takeName());
    }
    default:
      return null;
  }
}

function oneTable(table: QualifiedName | null): QualifiedName[] | null {
  return table === null ? null : [table];
}
