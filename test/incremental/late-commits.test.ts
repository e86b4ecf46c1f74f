import assert from 'node:assert/strict';
import test from 'node:test';
import mysql from 'mysql2/promise';
import type { Flavour } from '../servers/test-server.js';
import { plainTime, SyncedCopy, type SyncedTables } from './support/synced-copy.js';
import { withChanged } from './support/table-case.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

/** A transaction of another client, open until it is committed. */
async function transaction(
  copy: SyncedCopy,
  ...statements: readonly string[]
): Promise<{ commit: () => Promise<void> } & Disposable> {
  const connection = await mysql.createConnection({ uri: copy.source.url, timezone: 'Z' });
  for (const statement of ['BEGIN', ...statements]) await connection.query(statement);
  return {
    commit: async () => {
      await connection.query('COMMIT');
    },
    [Symbol.dispose]: () => connection.destroy(),
  };
}

function changesOf(synced: SyncedTables, table: string): number[] {
  const { inserted, updated, deleted } = synced.get(table);
  return [inserted, updated, deleted];
}

async function openCopy(flavour: Flavour): Promise<SyncedCopy> {
  const copy = await SyncedCopy.open(flavour);
  await copy.source.run(
    `CREATE TABLE orders ${withChanged('id INT PRIMARY KEY, v INT')}`,
    'INSERT INTO orders (id, v) VALUES (1, 1), (2, 2), (3, 3)',
    'CREATE TABLE events (id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
    'INSERT INTO events (v) VALUES (1), (2), (3)',
  );
  return copy;
}

/** Takes its timestamps and its number, and keeps them to itself. */
function lateTransaction(copy: SyncedCopy): ReturnType<typeof transaction> {
  return transaction(
    copy,
    'UPDATE orders SET v = 10 WHERE id = 1',
    'INSERT INTO orders (id, v) VALUES (4, 4)',
    'UPDATE orders SET id = 33 WHERE id = 3',
    'INSERT INTO events (v) VALUES (4)',
  );
}

/** Changes with later timestamps and numbers, committed at once. */
async function changeAfterwards(copy: SyncedCopy): Promise<void> {
  await copy.source.run(
    'UPDATE orders SET v = v + 20 WHERE id = 2',
    'INSERT INTO orders (id, v) VALUES (5, 5)',
    'INSERT INTO events (v) VALUES (5)',
  );
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: what commits after a sync with timestamps from before it`, async () => {
    await using copy = await openCopy(flavour);
    await copy.sync();
    using late = await lateTransaction(copy);
    await changeAfterwards(copy);
    const before = await copy.sync();
    assert.deepEqual(changesOf(before, 'orders'), [1, 1, 0]);
    assert.deepEqual(changesOf(before, 'events'), [1, 0, 0]);
    await late.commit();
    const after = await copy.sync(['--deletes']);
    assert.deepEqual(changesOf(after, 'orders'), [2, 1, 1]);
    assert.deepEqual(changesOf(after, 'events'), [1, 0, 0]);
    await copy.assertSame();
    await copy.syncAgain(['--deletes']);
  });
}

test('without a lookback, what commits late is left until a full sync', async () => {
  await using copy = await openCopy('mysql');
  const noLookback = { INCREMENTAL_LOOKBACK_SECONDS: '0' };
  await copy.sync();
  using late = await transaction(copy, 'UPDATE orders SET v = 10 WHERE id = 1');
  await changeAfterwards(copy);
  assert.deepEqual(changesOf(await copy.sync([], noLookback), 'orders'), [1, 1, 0]);
  await late.commit();
  assert.deepEqual(changesOf(await copy.sync([], noLookback), 'orders'), [0, 0, 0]);
  assert.deepEqual(await copy.texts('SELECT v::VARCHAR FROM orders WHERE id = 1'), [['1']]);
  await copy.sync(['--full']);
  await copy.assertSame();
});

test('the edge of the lookback, and rows with the time of the watermark', async () => {
  await using copy = await SyncedCopy.open('mysql', { INCREMENTAL_LOOKBACK_SECONDS: '30' });
  await copy.source.run(
    `CREATE TABLE t ${withChanged('id INT PRIMARY KEY, v INT')}`,
    "INSERT INTO t VALUES (10, 1, '2024-05-06 12:00:30.000002'), (1, 1, '2024-05-06 11:00:00')",
  );
  await copy.sync();
  assert.equal(plainTime(await copy.storedWatermark('t')), '2024-05-06 12:00:30.000002');
  await copy.source.run(
    // Before the lookback's first microsecond, at it, at the watermark with a lower key, above.
    "INSERT INTO t VALUES (2, 2, '2024-05-06 12:00:00.000001')",
    "INSERT INTO t VALUES (3, 3, '2024-05-06 12:00:00.000002')",
    "INSERT INTO t VALUES (4, 4, '2024-05-06 12:00:30.000002')",
    "INSERT INTO t VALUES (5, 5, '2024-05-06 12:00:30.000003')",
  );
  const { rows, inserted, updated, unchanged, newWatermark } = (await copy.sync()).get('t');
  assert.deepEqual([rows, inserted, updated, unchanged], [4, 3, 0, 1]);
  assert.equal(newWatermark, '2024-05-06 12:00:30.000003');
  assert.deepEqual(await copy.texts('SELECT id::VARCHAR FROM t ORDER BY id'), [
    ...[['1'], ['3'], ['4'], ['5'], ['10']],
  ]);
  await copy.source.run(
    'DELETE FROM t WHERE id = 2',
    'UPDATE t SET v = 50, changed = changed WHERE id = 5',
  );
  const again = (await copy.sync([], { INCREMENTAL_LOOKBACK_SECONDS: '0' })).get('t');
  assert.deepEqual([again.rows, again.updated], [1, 1]);
  await copy.assertSame();
});

test('many rows of one time, more than a batch', async () => {
  await using copy = await SyncedCopy.open('mysql', {
    BATCH_SIZE: '64',
    INCREMENTAL_LOOKBACK_SECONDS: '0',
  });
  await copy.source.addNumbers(1000);
  await copy.source.run(
    `CREATE TABLE t ${withChanged('id INT PRIMARY KEY, v INT', 'DATETIME')}`,
    `INSERT INTO t SELECT n * 2, 0, '2024-05-06 12:00:00' FROM numbers WHERE n < 500`,
  );
  await copy.sync(['t']);
  const sameTime = async (statement: string): Promise<number[]> => {
    await copy.source.run(statement);
    const synced = (await copy.sync(['t'])).get('t');
    await copy.assertSame({ tables: ['t'] });
    return [synced.inserted, synced.updated, synced.unchanged];
  };
  // Odd keys lie between those that are there.
  const insert = `INSERT INTO t SELECT n * 2 + 1, 1, '2024-05-06 12:00:00' FROM numbers WHERE n < 300`;
  assert.deepEqual(await sameTime(insert), [300, 0, 500]);
  const later = `UPDATE t SET v = 2, changed = '2024-05-06 13:00:00' WHERE id % 10 < 7`;
  assert.deepEqual(await sameTime(later), [0, 580, 220]);
  const same = `UPDATE t SET v = 3, changed = changed WHERE id < 500 AND id % 10 < 7`;
  assert.deepEqual(await sameTime(same), [0, 350, 230]);
  await copy.syncAgain(['t']);
});
