import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { type Sample, valueOf } from '../../watch/exposition.js';
import { readerToken, WatchedService } from './watched-service.js';

/** With two tables, and a date that the replica can not hold. */
export async function openSource(flavour: Flavour): Promise<TestSource> {
  const source = await TestSource.open(flavour);
  await source.run(
    'CREATE TABLE orders (id INT PRIMARY KEY, v VARCHAR(100), day DATE)',
    `INSERT INTO orders VALUES (1, 'a', '2024-01-01'), (2, 'b', '0000-00-00'), (3, 'c', NULL)`,
    'CREATE TABLE notes (id INT PRIMARY KEY, text TEXT)',
  );
  return source;
}

/** What was counted of the table's rows. */
export function countedRows(
  samples: readonly Sample[],
  table: string,
  mode: string,
): Record<'insert' | 'update' | 'delete', number> {
  const count = (change: string): number =>
    valueOf(samples, 'ducktail_rows_total', { table, mode, change }) ?? 0;
  return { insert: count('insert'), update: count('update'), delete: count('delete') };
}

/** What a service tells of itself over a server of the flavour. */
export function watchTests(flavour: Flavour): void {
  test(`${flavour}: metrics and events tell what the service does`, async () => {
    await using source = await openSource(flavour);
    await using folder = await TempFolder.open();
    const stop = new AbortController();
    await using watched = await WatchedService.launch(source, folder.file('replica.duckdb'), {
      API_TOKENS: readerToken(),
    });
    const { service } = watched;
    await service.streaming();
    const events = await watched.events(stop.signal);
    await events.next('status', ({ state }) => state === 'streaming');
    const first = await events.next('table', ({ table }) => table === 'orders');
    assert.deepEqual([first.rows, first.rejectedValues], [3, 1]);

    const before = await watched.samples();
    assert.deepEqual(countedRows(before, 'orders', 'full'), { insert: 3, update: 0, delete: 0 });
    assert.deepEqual(countedRows(before, 'orders', 'cdc'), { insert: 0, update: 0, delete: 0 });
    assert.equal(valueOf(before, 'ducktail_table_rejected_values', { table: 'orders' }), 1);
    assert.equal(valueOf(before, 'ducktail_service_state', { state: 'streaming' }), 1);

    await source.run(
      `INSERT INTO orders VALUES (4, 'd', '0000-00-00'), (5, 'e', NULL), (6, 'f', NULL)`,
      `UPDATE orders SET v = CONCAT(v, '!') WHERE id IN (1, 5)`,
      'DELETE FROM orders WHERE id = 3',
      `INSERT INTO notes VALUES (1, REPEAT('x', 5000))`,
    );
    await service.caughtUp();
    const applied = { inserted: 0, updated: 0, deleted: 0 };
    await events.next('applied', ({ table, inserted, updated, deleted }) => {
      if (table !== 'orders') return false;
      applied.inserted += inserted;
      applied.updated += updated;
      applied.deleted += deleted;
      return applied.inserted - applied.deleted === 2;
    });
    const after = await watched.samplesUntil(
      'the record of the rows is up to date',
      (samples) => valueOf(samples, 'ducktail_table_rows', { table: 'orders' }) === 5,
    );
    const counted = countedRows(after, 'orders', 'cdc');
    assert.deepEqual(
      { inserted: counted.insert, updated: counted.update, deleted: counted.delete },
      applied,
    );
    assert.equal(counted.insert - counted.delete, 2);
    assert.deepEqual(countedRows(after, 'notes', 'cdc'), { insert: 1, update: 0, delete: 0 });
    const bytes = valueOf(after, 'ducktail_read_bytes_total', { table: 'notes', mode: 'cdc' });
    assert.ok(bytes !== null && bytes >= 5000 && bytes < 6000, `${bytes} bytes`);
    assert.equal(valueOf(after, 'ducktail_table_rejected_values', { table: 'orders' }), 2);
    const batches = valueOf(after, 'ducktail_batches_total');
    assert.ok(batches !== null && batches >= 1 && batches <= 4, `${batches} batches`);
    assert.equal(valueOf(after, 'ducktail_apply_duration_seconds_count'), batches);
    assert.equal(valueOf(after, 'ducktail_commit_lag_seconds_count'), batches);
    const lag = valueOf(after, 'ducktail_lag_seconds');
    assert.ok(lag !== null && lag < 60, `${lag} s of lag`);
    const left = valueOf(after, 'ducktail_binlog_retention_left_seconds');
    assert.ok(left !== null && left > 60, `${left} s of retention`);
    assert.ok((valueOf(after, 'ducktail_file_bytes') ?? 0) > 0);
    assert.ok((valueOf(after, 'ducktail_disk_free_bytes') ?? 0) > 0);
    assert.ok((valueOf(after, 'process_resident_memory_bytes') ?? 0) > 1e6);
    assert.equal(valueOf(after, 'ducktail_source_reconnects_total'), 0);
    assert.equal(valueOf(after, 'ducktail_queries_running'), 0);
    assert.equal(valueOf(after, 'ducktail_table_quarantined', { table: 'orders' }), 0);

    // Rows that only the source knows how to make: the table is left out, and copied again.
    await source.run('ALTER TABLE notes ADD COLUMN more INT NOT NULL DEFAULT 7');
    assert.equal((await events.next('quarantine')).table, 'notes');
    const copied = await events.next('progress', ({ table, state }) => {
      return table === 'notes' && state === 'copied';
    });
    assert.deepEqual([copied.rows, copied.percent], [1, 100]);
    await service.caughtUp();
    const altered = await watched.samples();
    assert.deepEqual(countedRows(altered, 'notes', 'full').insert, 1);
    assert.equal(valueOf(altered, 'ducktail_quarantines_total', { table: 'notes' }), 1);

    await service.stop();
    await events.end();
  });
}
