import { quoteDuckdbName } from '../common/identifiers.js';
import type { ForeignKey } from '../model/foreign-key.js';
import type { Database } from '../target/database.js';
import { qualifiedName } from '../target/ddl.js';
import { textForm } from './text-form.js';

/**
 * Deletes and key changes in one parent table, which is as it is after them. Nothing behind them in
 * the binlog may be in the replica yet, and everything before them has to be.
 */
export interface ParentChanges {
  readonly parent: string;
  readonly kind: 'delete' | 'update';
  /**
   * A table (as SQL) that has, for each referenced column that an action depends on, `old_<column>`
   * and for updates `new_<column>`: one row for each parent row that was deleted, or of which a
   * referenced column was changed (old and new as before the first and after the last change).
   */
  readonly changes: string;
}

/** Rows of a child table that went or changed. */
export interface CascadeCounts {
  deleted: number;
  updated: number;
  /** Columns that have changed, and of which the values or their rejections have to be read anew. */
  readonly staleColumns: Set<string>;
}

/** What is on record of the child tables' rejected values, in the same transaction. */
export interface ChildRejections {
  /**
   * The table's rows in the relation (SQL) are about to go; resolves to the columns of which that
   * can't be told on record.
   */
  readonly forgetRows: (table: string, rows: string) => Promise<readonly string[]>;
  /** These columns of some of the table's rows are about to change; the same. */
  readonly moveRows: (table: string, columns: readonly string[]) => readonly string[];
}

let scratchTables = 0;

/**
 * Within the caller's transaction: does to the child tables what the source's server has done to
 * them without a word in the binlog, and to their children in turn. `foreignKeys` are those to heed,
 * in the server's order, both of whose tables are in the schema; a child table that is ahead of the
 * stream must not be among them. Resolves to what happened, by child table.
 *
 * The server goes row by row, this key by key. The difference shows only where a child's column
 * belongs to two keys with different actions, and rows of both parents go in one statement.
 *
 * Rows change by DELETE and INSERT, as everywhere in a replica: after an UPDATE beside an open
 * reader no CHECKPOINT would succeed.
 */
export async function carryOutCascades(
  database: Database,
  targetSchema: string,
  foreignKeys: readonly ForeignKey[],
  changes: ParentChanges,
  rejections: ChildRejections,
): Promise<Map<string, CascadeCounts>> {
  const cascade = new Cascade(database, targetSchema, foreignKeys, rejections);
  await cascade.carryOut(changes, new Set([changes.parent]));
  return cascade.counts;
}

/** The columns of the table that a caller has to give to `carryOutCascades`; empty for none. */
export function referencedColumns(
  foreignKeys: readonly ForeignKey[],
  table: string,
  kind: ParentChanges['kind'],
): string[] {
  const keys = foreignKeys.filter(
    (key) => key.parentTable === table && actionOf(key, kind) !== null,
  );
  return [...new Set(keys.flatMap(({ columns }) => columns.map(({ parent }) => parent)))];
}

class Cascade {
  readonly counts = new Map<string, CascadeCounts>();

  constructor(
    private readonly database: Database,
    private readonly schema: string,
    private readonly foreignKeys: readonly ForeignKey[],
    private readonly rejections: ChildRejections,
  ) {}

  /**
   * Key after key, each to its end before the next, as the server does. `updated` are the tables of
   * a chain of updates: the server refuses to come back to one of them.
   */
  async carryOut(changes: ParentChanges, updated: ReadonlySet<string>): Promise<void> {
    const { parent, kind } = changes;
    const keys = this.foreignKeys
      .filter((key) => key.parentTable === parent && actionOf(key, kind) !== null)
      .filter((key) => kind === 'delete' || !updated.has(key.childTable));
    for (const key of keys) {
      const matched = await this.match(key, changes);
      if (matched === null) continue;
      if (kind === 'delete' && key.onDelete === 'cascade') {
        await this.deleteChildren(key, matched);
      } else if (kind === 'delete') {
        await this.updateChildren(key, matched, new Set([key.childTable]));
      } else {
        await this.updateChildren(key, matched, new Set([...updated, key.childTable]));
      }
      await this.drop(matched);
    }
  }

  /** The child rows that refer to the changed ones, with the values that they get; null for none. */
  private async match(key: ForeignKey, { kind, changes }: ParentChanges): Promise<string | null> {
    const values = key.columns.map(({ child, parent }, at) => {
      if (kind === 'update' && key.onUpdate === 'cascade') {
        return `first(s.${prefixed('new_', parent)}) AS value_${at}`;
      }
      // A NULL of the column's type.
      return `CASE WHEN false THEN first(c.${quoteDuckdbName(child)}) END AS value_${at}`;
    });
    // NULL is equal to nothing: a key with one refers to no row.
    const refers = key.columns.map(({ child, parent, collation }) => {
      const side = (column: string): string => textForm(column, collation);
      return `${side(`c.${quoteDuckdbName(child)}`)} = ${side(`s.${prefixed('old_', parent)}`)}`;
    });
    const { name, rows } = await this.scratch(
      `SELECT c.rowid AS child_row, ${values.join(', ')}
         FROM ${this.table(key.childTable)} AS c JOIN ${changes} AS s ON ${refers.join(' AND ')}
        WHERE ${kind === 'update' ? changedColumns(key) : 'true'}
        GROUP BY c.rowid`,
    );
    if (rows > 0) return name;
    await this.drop(name);
    return null;
  }

  private async deleteChildren({ childTable }: ForeignKey, matched: string): Promise<void> {
    const table = this.table(childTable);
    const gone = await this.ownChanges(childTable, 'delete', `${table} AS c`, matched, new Map());
    const rows = `(FROM ${table} WHERE rowid IN (SELECT child_row FROM ${matched}))`;
    const counts = this.countOf(childTable);
    const stale = await this.rejections.forgetRows(childTable, rows);
    for (const column of stale) counts.staleColumns.add(column);
    await this.database.run(
      `DELETE FROM ${table} WHERE rowid IN (SELECT child_row FROM ${matched})`,
    );
    counts.deleted += await this.countRows(matched);
    await this.goOn(childTable, 'delete', gone, new Set());
  }

  private async updateChildren(
    { childTable, columns, derivedColumns }: ForeignKey,
    matched: string,
    updated: ReadonlySet<string>,
  ): Promise<void> {
    const table = this.table(childTable);
    const values = new Map(columns.map(({ child }, at) => [child, `m.value_${at}`]));
    const own = await this.ownChanges(childTable, 'update', `${table} AS c`, matched, values);
    const replaced = [...values].map(([column, value]) => `${value} AS ${quoteDuckdbName(column)}`);
    const { name, rows } = await this.scratch(
      `SELECT c.* REPLACE (${replaced.join(', ')})
         FROM ${table} AS c JOIN ${matched} AS m ON c.rowid = m.child_row`,
    );
    await this.database.run(
      `DELETE FROM ${table} WHERE rowid IN (SELECT child_row FROM ${matched})`,
    );
    await this.database.run(`INSERT INTO ${table} FROM ${name}`);
    await this.drop(name);
    const counts = this.countOf(childTable);
    counts.updated += rows;
    const moved = this.rejections.moveRows(childTable, [...values.keys()]);
    for (const column of [...derivedColumns, ...moved]) counts.staleColumns.add(column);
    await this.goOn(childTable, 'update', own, updated);
  }

  /**
   * What the matched child rows' own children have to be told, taken before the rows change; null
   * where nothing refers to them or nothing that is referred to changes.
   */
  private async ownChanges(
    table: string,
    kind: ParentChanges['kind'],
    from: string,
    matched: string,
    values: ReadonlyMap<string, string>,
  ): Promise<string | null> {
    const referenced = referencedColumns(this.foreignKeys, table, kind);
    const isTouched = kind === 'delete' || referenced.some((column) => values.has(column));
    if (referenced.length === 0 || !isTouched) return null;
    const list = referenced.flatMap((column) => {
      const old = `c.${quoteDuckdbName(column)}`;
      return [
        `${old} AS ${prefixed('old_', column)}`,
        ...(kind === 'update'
          ? [`${values.get(column) ?? old} AS ${prefixed('new_', column)}`]
          : []),
      ];
    });
    const { name } = await this.scratch(
      `SELECT DISTINCT ${list.join(', ')}
         FROM ${from} JOIN ${matched} AS m ON c.rowid = m.child_row`,
    );
    return name;
  }

  private async goOn(
    parent: string,
    kind: ParentChanges['kind'],
    changes: string | null,
    updated: ReadonlySet<string>,
  ): Promise<void> {
    if (changes === null) return;
    await this.carryOut({ parent, kind, changes }, updated);
    await this.drop(changes);
  }

  private async scratch(query: string): Promise<{ name: string; rows: number }> {
    scratchTables += 1;
    const name = `temp.main.ducktail_cascade_${scratchTables}`;
    await this.database.run(`CREATE TEMP TABLE ducktail_cascade_${scratchTables} AS ${query}`);
    return { name, rows: await this.countRows(name) };
  }

  private async countRows(table: string): Promise<number> {
    const [row] = await this.database.rows(`SELECT count(*) AS n FROM ${table}`);
    return Number(row.n);
  }

  private async drop(table: string): Promise<void> {
    await this.database.run(`DROP TABLE IF EXISTS ${table}`);
  }

  private table(name: string): string {
    return qualifiedName(this.database, this.schema, name);
  }

  private countOf(table: string): CascadeCounts {
    let counts = this.counts.get(table);
    if (counts === undefined) {
      counts = { deleted: 0, updated: 0, staleColumns: new Set() };
      this.counts.set(table, counts);
    }
    return counts;
  }
}

function actionOf(key: ForeignKey, kind: ParentChanges['kind']): ForeignKey['onDelete'] {
  return kind === 'delete' ? key.onDelete : key.onUpdate;
}

/** Over the alias `s`: an action of one key is no matter of the columns of another. */
function changedColumns({ columns }: ForeignKey): string {
  return columns
    .map(({ parent }) => [prefixed('old_', parent), prefixed('new_', parent)])
    .map(([before, after]) => `s.${before} IS DISTINCT FROM s.${after}`)
    .map((changed) => `(${changed})`)
    .join(' OR ');
}

function prefixed(prefix: 'old_' | 'new_', column: string): string {
  return quoteDuckdbName(prefix + column);
}
