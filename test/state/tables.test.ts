import assert from 'node:assert/strict';
import test from 'node:test';
import type { TableSchema } from '../../src/model/table-schema.js';
import { recordCheckpoint } from '../../src/state/checkpoints.js';
import { migrate } from '../../src/state/migrate.js';
import { RejectedValueBuffer } from '../../src/state/rejected-values.js';
import { finishRun, startRun } from '../../src/state/sync-runs.js';
import { readTableStates, recordFailure, recordSync } from '../../src/state/tables.js';
import { recordWatermark } from '../../src/state/watermarks.js';
import type { Database } from '../../src/target/database.js';
import { TempDatabase } from '../target/temp-database.js';

const SCHEMA: TableSchema = {
  database: 'shop',
  name: 'orders "x"',
  columns: [
    {
      name: 'id',
      dataType: 'int',
      columnType: 'int unsigned',
      nullable: false,
      characterSet: null,
      collation: null,
      numericPrecision: 10,
      numericScale: 0,
      isJsonText: false,
    },
  ],
  key: { indexName: 'PRIMARY', columns: ['tenant', 'id'] },
  engine: 'InnoDB',
  estimatedRows: 1,
  estimatedBytes: 1,
  watermark: { column: 'changed', reason: 'on-update-timestamp', indexName: 'changed' },
  createdAt: '2026-01-01 00:00:00',
  autoIncrement: '7',
};

async function openState(): Promise<TempDatabase> {
  const temp = await TempDatabase.open();
  await migrate(temp.database);
  return temp;
}

function states(database: Database): ReturnType<typeof readTableStates> {
  return readTableStates((sql) => database.rows(sql));
}

test('a sync replaces what was known about a table, a failure adds to it', async () => {
  await using temp = await openState();
  const { database } = temp;
  await recordFailure(database, 'main', SCHEMA, 'it was locked');
  assert.deepEqual(await states(database), [
    {
      table: 'orders "x"',
      mode: 'none',
      rows: 0,
      lastSync: null,
      watermark: null,
      rejectedValues: 0,
      error: 'it was locked',
    },
  ]);

  const runId = await startRun(database, 'full');
  const sync = { targetSchema: 'main', schema: SCHEMA, mode: 'full', runId } as const;
  await recordSync(database, { ...sync, rows: 3, rejectedValues: 1 });
  await recordSync(database, { ...sync, rows: 5_000_000_000, rejectedValues: 2 });
  await recordWatermark(database, 'main', SCHEMA.name, {
    column: 'changed',
    value: '2024-01-01 00:00:00',
    highestKey: '["1","2"]',
  });
  const [{ lastSync, ...state }] = await states(database);
  assert.ok(Math.abs(Date.parse(lastSync ?? '') - Date.now()) < 60_000, String(lastSync));
  const expected = {
    table: 'orders "x"',
    mode: 'full',
    rows: 5_000_000_000,
    watermark: '2024-01-01 00:00:00',
    rejectedValues: 2,
    error: null,
  };
  assert.deepEqual(state, expected);
  assert.deepEqual(
    await database.rows(
      `SELECT key_columns, watermark_column, source_database, json_array_length(source_schema) AS n,
              last_run_id::VARCHAR AS run FROM _ducktail.tables`,
    ),
    [
      {
        key_columns: ['tenant', 'id'],
        watermark_column: 'changed',
        source_database: 'shop',
        n: '1',
        run: runId,
      },
    ],
  );

  await recordFailure(database, 'main', SCHEMA, 'the disk was full');
  const [failed] = await states(database);
  assert.deepEqual(failed, { ...expected, lastSync, error: 'the disk was full' });
});

test('tables of the same name in two schemas are kept apart', async () => {
  await using temp = await openState();
  const { database } = temp;
  const runId = await startRun(database, 'full');
  for (const [targetSchema, rows] of [
    ['main', 1],
    ['copy', 2],
  ] as const) {
    const sync = { targetSchema, schema: SCHEMA, mode: 'full', runId, rows, rejectedValues: 0 };
    await recordSync(database, { ...sync, mode: 'full' });
    await recordCheckpoint(database, targetSchema, SCHEMA.name, {
      gtidSet: `uuid:1-${rows}`,
      file: 'binlog.000001',
      position: rows,
    });
  }
  assert.deepEqual((await states(database)).map(({ rows }) => rows).sort(), [1, 2]);
  await recordCheckpoint(database, 'main', SCHEMA.name, null);
  assert.deepEqual(
    await database.rows(
      'SELECT target_schema, gtid_set, binlog_file, binlog_position FROM _ducktail.checkpoints',
    ),
    [
      {
        target_schema: 'copy',
        gtid_set: 'uuid:1-2',
        binlog_file: 'binlog.000001',
        binlog_position: '2',
      },
    ],
  );
});

test('a watermark is replaced, and removed where there is none any more', async () => {
  await using temp = await openState();
  const { database } = temp;
  const all = 'SELECT column_name, value, highest_key FROM _ducktail.watermarks';
  await recordWatermark(database, 'main', 't', { column: 'a', value: '1', highestKey: null });
  await recordWatermark(database, 'main', 't', { column: 'b', value: null, highestKey: '["9"]' });
  assert.deepEqual(await database.rows(all), [
    { column_name: 'b', value: null, highest_key: '["9"]' },
  ]);
  await recordWatermark(database, 'main', 't', null);
  assert.deepEqual(await database.rows(all), []);
});

test('a run has an end once it is finished', async () => {
  await using temp = await openState();
  const { database } = temp;
  const first = await startRun(database, 'full');
  const second = await startRun(database, 'full');
  assert.notEqual(first, second);
  await finishRun(database, second, { tables: 2, failed: 1, rows: 30 });
  assert.deepEqual(
    await database.rows(
      `SELECT run_id::VARCHAR AS id, finished_at IS NULL AS open, tables, failed, row_count
         FROM _ducktail.sync_runs ORDER BY started_at, open DESC`,
    ),
    [
      { id: first, open: true, tables: null, failed: null, row_count: null },
      { id: second, open: false, tables: '2', failed: '1', row_count: '30' },
    ],
  );
});

test('rejected values become part of the state with the copy that is cut over', async () => {
  await using temp = await openState();
  const { database } = temp;
  const columns = ['id', 'at'];
  const value = (key: string | null, sourceText: string) =>
    ({ column: 1, key, sourceText, reason: 'zero or partial date' }) as const;
  const recorded = `SELECT table_name, row_key, column_name, source_text, reason
                      FROM _ducktail.rejected_values ORDER BY ALL`;
  {
    await using buffer = await RejectedValueBuffer.open(database);
    buffer.append('given up', columns, [value('["1"]', '0000-00-00')]);
    buffer.append('first', columns, [
      value('["1"]', '0000-00-00'),
      value(null, "it's 'x'\n\u0000"),
    ]);
    assert.deepEqual(await database.rows(recorded), []);
    await database.transaction(() => buffer.record('first', 'main', 't'));
  }
  const reason = 'zero or partial date';
  assert.deepEqual(await database.rows(recorded), [
    {
      table_name: 't',
      row_key: '["1"]',
      column_name: 'at',
      source_text: '0000-00-00',
      reason,
    },
    {
      table_name: 't',
      row_key: null,
      column_name: 'at',
      source_text: "it's 'x'\n\u0000",
      reason,
    },
  ]);

  await using buffer = await RejectedValueBuffer.open(database);
  await database.transaction(async () => {
    await buffer.record('none', 'main', 't');
    await buffer.record('none', 'other', 't');
  });
  assert.deepEqual(await database.rows(recorded), []);
});
