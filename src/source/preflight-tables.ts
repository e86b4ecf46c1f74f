import { quoteMysqlName } from '../common/identifiers.js';
import { blocker, type Finding, ok, warning } from '../model/finding.js';
import { nameCollisions } from '../model/name-collisions.js';
import type { TableSchema } from '../model/table-schema.js';
import type { SourceSession } from './connect.js';

const SHOWN_NAMES = 10;

interface TableFacts {
  readonly transactionalEngines: ReadonlySet<string>;
  readonly cdc: boolean;
}

/** The names of the storage engines of which a transaction sees a snapshot. */
export async function readTransactionalEngines(session: SourceSession): Promise<Set<string>> {
  const rows = await session.query<{ engine: string }>(
    `SELECT engine AS engine FROM information_schema.engines WHERE transactions = 'YES'`,
  );
  return new Set(rows.map(({ engine }) => engine));
}

/** What the definitions of the tables mean for a full sync, and for CDC where it is wanted. */
export function tableFindings(
  tables: readonly TableSchema[],
  { transactionalEngines, cdc }: TableFacts,
): Finding[] {
  if (tables.length === 0) {
    return [
      warning('there is no table to copy', 'Check INCLUDE_TABLES, EXCLUDE_TABLES and the grants.'),
    ];
  }
  return [
    ...collisionFindings(tables),
    engineFinding(tables.filter(({ engine }) => !transactionalEngines.has(engine))),
    keyFinding(
      tables.filter(({ key }) => key === null),
      cdc,
    ),
  ];
}

/** The first names between commas, and how many others there are. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).join(', ');
  const others = names.length - SHOWN_NAMES;
  return others > 0 ? `${shown} and ${others} more` : shown;
}

function collisionFindings(tables: readonly TableSchema[]): Finding[] {
  const collisions = nameCollisions(tables.map(({ name }) => name));
  if (collisions.length === 0) return [ok('no two table names differ only in case')];
  return collisions.map((names) =>
    blocker(
      `the tables ${names.map((name) => `'${name}'`).join(' and ')} differ only in case, ` +
        "and DuckDB can't tell them apart",
      `Leave all but one of them out, such as with EXCLUDE_TABLES=${names.slice(1).join(',')}.`,
    ),
  );
}

function engineFinding(tables: readonly TableSchema[]): Finding {
  if (tables.length === 0) return ok('every table is in the snapshot');
  const names = tables.map(({ name, engine }) => `${name} (${engine === '' ? 'none' : engine})`);
  const [{ database, name }] = tables;
  return warning(
    'tables of these storage engines have no snapshots, so their copies can hold half of what is ' +
      `written meanwhile: ${listNames(names)}`,
    `ALTER TABLE ${quoteMysqlName(database)}.${quoteMysqlName(name)} ENGINE = InnoDB; ` +
      `${tables.length > 1 ? 'and so on, ' : ''}or write nothing to them during a sync.`,
  );
}

function keyFinding(tables: readonly TableSchema[], cdc: boolean): Finding {
  if (tables.length === 0) return ok('every table has a key');
  return warning(
    'tables without a PRIMARY KEY or a UNIQUE index without NULLs are read by one reader from ' +
      `end to end${cdc ? ', and CDC finds rows to change by all of their values' : ''}: ${listNames(tables.map(({ name }) => name))}`,
    'Give the large ones a PRIMARY KEY.',
  );
}
