import { quoteDuckdbName } from '../common/identifiers.js';
import { CHANGE_BEFORE, CHANGE_DELETE } from '../model/change-plan.js';
import type { ForeignKey } from '../model/foreign-key.js';
import type { Database } from '../target/database.js';
import {
  carryOutCascades,
  type CascadeCounts,
  type ChildRejections,
  type ParentChanges,
  referencedColumns,
} from './cascades.js';
import { textForm } from './text-form.js';

const CHANGES = 'ducktail_parent_changes';

/** Changes of a parent table, as they are staged. */
export interface StagedParent {
  readonly name: string;
  /** The stage, as SQL. */
  readonly stage: string;
  /** Those from this number on. */
  readonly fromSeq: number;
}

/** Within a transaction that has applied them (or would have, were the table there). */
export async function carryOutStaged(
  database: Database,
  targetSchema: string,
  foreignKeys: readonly ForeignKey[],
  staged: StagedParent,
  rejections: ChildRejections,
): Promise<Map<string, CascadeCounts>> {
  const total = new Map<string, CascadeCounts>();
  const carryOut = async (kind: ParentChanges['kind'], changes: string): Promise<void> => {
    const parent = staged.name;
    const counts = await carryOutCascades(
      database,
      targetSchema,
      foreignKeys,
      { parent, kind, changes },
      rejections,
    );
    for (const [child, counted] of counts) add(total, child, counted);
  };
  const { name } = staged;
  const deleted = referencedColumns(foreignKeys, name, 'delete');
  if (deleted.length > 0 && (await createChanges(database, deletes(staged, deleted)))) {
    await carryOut('delete', CHANGES);
  }
  const updated = referencedColumns(foreignKeys, name, 'update');
  if (updated.length > 0 && (await createChanges(database, updates(staged, updated)))) {
    const steps = await stepsOf(database, foreignKeys, name);
    for (const changes of steps) await carryOut('update', changes);
  }
  await database.run(`DROP TABLE IF EXISTS temp.main.${CHANGES}`);
  return total;
}

/** Whether there are any. */
async function createChanges(database: Database, query: string): Promise<boolean> {
  await database.run(`CREATE OR REPLACE TEMP TABLE ${CHANGES} AS ${query}`);
  const [{ n }] = await database.rows(`SELECT count(*) AS n FROM temp.main.${CHANGES}`);
  return Number(n) > 0;
}

function deletes({ stage, fromSeq }: StagedParent, columns: readonly string[]): string {
  const list = columns.map((column) => `${quoteDuckdbName(column)} AS ${old(column)}`);
  return `SELECT ${list.join(', ')} FROM ${stage}
           WHERE __ducktail_op = ${CHANGE_DELETE} AND __ducktail_seq >= ${fromSeq}`;
}

function updates({ stage, fromSeq }: StagedParent, columns: readonly string[]): string {
  const list = columns.map((column) => {
    const name = quoteDuckdbName(column);
    return `b.${name} AS ${old(column)}, a.${name} AS ${changed(column)}`;
  });
  return `SELECT b.__ducktail_seq, ${list.join(', ')}
            FROM ${stage} AS b JOIN ${stage} AS a ON a.__ducktail_seq = b.__ducktail_seq + 1
           WHERE b.__ducktail_op = ${CHANGE_BEFORE} AND b.__ducktail_seq >= ${fromSeq}`;
}

/**
 * All at once, unless a row gets the value that a later one gives up: children that came to the
 * first then go on with the second.
 */
async function stepsOf(
  database: Database,
  foreignKeys: readonly ForeignKey[],
  parent: string,
): Promise<string[]> {
  const follows = foreignKeys
    .filter(({ parentTable, onUpdate }) => parentTable === parent && onUpdate !== null)
    .map(({ columns }) =>
      columns
        .map(({ parent: column, collation }) => {
          const before = textForm(`later.${old(column)}`, collation);
          return `${textForm(`s.${changed(column)}`, collation)} = ${before}`;
        })
        .join(' AND '),
    );
  const table = `temp.main.${CHANGES}`;
  const chained = await database.rows(
    `SELECT 1 FROM ${table} AS s JOIN ${table} AS later
         ON s.__ducktail_seq < later.__ducktail_seq AND (${follows.join(' OR ')}) LIMIT 1`,
  );
  if (chained.length === 0) return [table];
  const rows = await database.rows(
    `SELECT __ducktail_seq AS seq FROM ${table} ORDER BY __ducktail_seq`,
  );
  return rows.map(({ seq }) => `(FROM ${table} WHERE __ducktail_seq = ${Number(seq)})`);
}

function add(total: Map<string, CascadeCounts>, child: string, counted: CascadeCounts): void {
  const known = total.get(child);
  if (known === undefined) {
    total.set(child, counted);
    return;
  }
  known.deleted += counted.deleted;
  known.updated += counted.updated;
  for (const column of counted.staleColumns) known.staleColumns.add(column);
}

function old(column: string): string {
  return quoteDuckdbName(`old_${column}`);
}

function changed(column: string): string {
  return quoteDuckdbName(`new_${column}`);
}
