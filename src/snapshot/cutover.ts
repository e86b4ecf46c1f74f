import { quoteDuckdbName } from '../common/identifiers.js';
import type { CopyTurns } from '../model/copy-turns.js';
import type { SourceClock } from '../model/source-clock.js';
import type { Snapshot } from '../source/snapshot-barrier.js';
import { recordCheckpoint } from '../state/checkpoints.js';
import { finishRun } from '../state/sync-runs.js';
import { recordSync } from '../state/tables.js';
import { recordXaDoubt } from '../state/xa-doubts.js';
import { highestWatermark, recordWatermark, type Watermark } from '../state/watermarks.js';
import type { Database } from '../target/database.js';
import { qualifiedName, swapTable } from '../target/ddl.js';
import type { CopyTarget, TableCopy } from './table-copy.js';

/**
 * Puts every copied table in place of the old one, with what is known about it, in one transaction:
 * a reader sees either all tables of this sync or none. Swapping by DROP and RENAME takes
 * milliseconds whatever the size (DELETE and INSERT SELECT: 2.7 s and twice the disk for 5 M rows).
 * An abort up to the COMMIT leaves everything as it was; after it, the tables are there.
 */
export async function cutOver(
  copies: readonly TableCopy[],
  snapshot: Snapshot,
  runId: string,
  target: CopyTarget,
  signal: AbortSignal,
  turns?: CopyTurns,
): Promise<void> {
  const { database, rejected, options, hooks } = target;
  const schema = options.targetSchema;
  const { clock, unlocked } = snapshot;
  // Without a stream nothing brings the rest.
  const isWhole = turns !== undefined || (unlocked?.settledAt ?? null) === null;
  const checkpoint = isWhole ? snapshot.checkpoint : null;
  const watermarks = new Map<TableCopy, Watermark | null>();
  for (const copy of copies) {
    await checkRowCount(database, schema, copy);
    watermarks.set(copy, await readWatermark(database, schema, copy, clock));
  }
  await database.transaction(async () => {
    for (const copy of copies) {
      const { schema: source } = copy.plan;
      await swapTable(database, schema, copy.staging, source.name);
      await recordSync(database, {
        targetSchema: schema,
        schema: source,
        mode: 'full',
        rows: copy.rows,
        rejectedValues: copy.rejectedValues,
        runId,
      });
      await recordWatermark(database, schema, source.name, watermarks.get(copy) ?? null);
      await recordCheckpoint(database, schema, source.name, checkpoint);
      await rejected.record(copy.copyId, schema, source.name);
    }
    await finishRun(database, runId, {
      tables: copies.length,
      failed: 0,
      rows: copies.reduce((rows, copy) => rows + copy.rows, 0),
    });
    const plans = copies.map(({ plan }) => plan);
    if (turns === undefined) {
      const names = plans.map(({ schema: { name } }) => name);
      await recordXaDoubt(database, schema, names, unlocked);
    } else {
      await turns.afterSwap(plans);
    }
    await hooks.beforeCommit?.();
    signal.throwIfAborted();
  });
  await hooks.afterCommit?.();
}

/** What was read has to be what is there; anything else is a defect that must not be cut over. */
async function checkRowCount(database: Database, schema: string, copy: TableCopy): Promise<void> {
  const staging = qualifiedName(database, schema, copy.staging);
  const [row] = await database.rows(`SELECT count(*) AS "rows" FROM ${staging}`);
  if (Number(row.rows) === copy.rows) return;
  throw new Error(
    `${copy.plan.schema.name}: ${copy.rows} rows were read, but ${String(row.rows)} are staged`,
  );
}

async function readWatermark(
  database: Database,
  schema: string,
  copy: TableCopy,
  clock: SourceClock,
): Promise<Watermark | null> {
  const { watermark, key } = copy.plan.schema;
  if (watermark === null) return null;
  const staging = qualifiedName(database, schema, copy.staging);
  const column = copy.plan.columns.find(({ name }) => name === watermark.column);
  if (column === undefined) return null;
  const highest = highestWatermark(column, clock, null);
  const [row] = await database.rows(`SELECT ${highest} AS value FROM ${staging} AS s`);
  return {
    column: watermark.column,
    value: row.value as string | null,
    highestKey: key === null ? null : await readHighestKey(database, staging, key.columns),
  };
}

async function readHighestKey(
  database: Database,
  staging: string,
  columns: readonly string[],
): Promise<string | null> {
  const names = columns.map(quoteDuckdbName);
  const texts = names.map((name) => `${name}::VARCHAR`).join(', ');
  const order = names.map((name) => `${name} DESC`).join(', ');
  const rows = await database.rows(
    `SELECT to_json([${texts}])::VARCHAR AS key FROM ${staging} ORDER BY ${order} LIMIT 1`,
  );
  return (rows.at(0)?.key as string | undefined) ?? null;
}
