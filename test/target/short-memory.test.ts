import assert from 'node:assert/strict';
import test from 'node:test';
import { Database } from '../../src/target/database.js';
import { TempFolder } from '../helpers/temp-folder.js';

/** What a query holds as long as its result is not read to the end: a hash table, and rows. */
const HOLDING = [
  ...[22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12].map(
    (bits) =>
      `SELECT a.range FROM range(200000) a JOIN (SELECT range AS r FROM range(${2 ** bits})) b
           ON a.range = b.r`,
  ),
  'SELECT range, range + 1, range + 2 FROM range(1000000)',
  'SELECT range FROM range(1000000)',
  'SELECT 1',
];

/** Readers that leave no memory for anything, until their end; resolves to how to end each of them. */
async function takeAllMemory(database: Database): Promise<(() => Promise<void>)[]> {
  const ends: (() => Promise<void>)[] = [];
  for (const sql of HOLDING) {
    for (let isFull = false; !isFull;) {
      const { connection, close } = await database.connectReader();
      await connection
        .stream(sql)
        .then((result) => result.fetchChunk())
        .then(
          () =>
            ends.push(() =>
              connection
                .run('ROLLBACK')
                .catch(() => undefined)
                .then(close),
            ),
          () => {
            isFull = true;
            close();
          },
        );
    }
  }
  return ends;
}

async function endAll(ends: (() => Promise<void>)[]): Promise<void> {
  for (const end of ends.splice(0)) await end();
}

const SMALL = { memoryLimit: '64MB', threads: 2, owner: 'ducktail test' };

test('a ROLLBACK that lacks memory is made up for before anything else is done', async () => {
  await using folder = await TempFolder.open();
  const path = folder.file('r.duckdb');
  await using database = await Database.open({ path, ...SMALL });
  await database.run('CREATE TABLE t AS SELECT 1 AS v');
  let readers: (() => Promise<void>)[] = [];
  const failing = database.transaction(async () => {
    await database.run('UPDATE t SET v = 2');
    readers = await takeAllMemory(database);
    await database.run('UPDATE t SET v = 3');
  });
  await assert.rejects(failing, { code: 'target-memory' });
  await assert.rejects(database.run('UPDATE t SET v = v + 10'), { code: 'target-memory' });
  await endAll(readers);
  assert.deepEqual(await database.rows('FROM t'), [{ v: 1 }]);
  await database.transaction(() => database.run('UPDATE t SET v = v + 10'));
  assert.deepEqual(await database.rows('FROM t'), [{ v: 11 }]);
});

/** Of all the readers, so many have ended when the transaction does. */
for (const ended of [0, 1, 2, 4, 8]) {
  test(`a transaction ends whole beside readers that take all memory but that of ${ended}`, async () => {
    await using folder = await TempFolder.open();
    await using database = await Database.open({ path: folder.file('r.duckdb'), ...SMALL });
    await database.run(`CREATE TABLE t AS SELECT range AS id, 0 AS v FROM range(300000)`);
    await database.run('CHECKPOINT');
    const readers: (() => Promise<void>)[] = [];
    const update = database.transaction(async () => {
      await database.run('UPDATE t SET v = v + 1');
      await database.run('DELETE FROM t WHERE id % 3 = 0');
      readers.push(...(await takeAllMemory(database)));
      for (const end of readers.splice(-ended, ended)) await end();
    });
    const isCommitted = await update.then(
      () => true,
      (error: unknown) => {
        // It could not even be begun to commit it.
        assert.equal((error as { code?: string }).code, 'target-memory');
        return false;
      },
    );
    await endAll(readers);
    assert.ok(isCommitted || ended <= 2, 'there was no memory to ask for more');
    // What a failed end leaves is a conflict for every later change.
    await database.transaction(async () => {
      await database.run('UPDATE t SET v = v + 10');
      await database.run('DELETE FROM t WHERE id % 3 = 1');
    });
    const expected = isCommitted
      ? { n: '100000', min: 11, max: 11 }
      : { n: '200000', min: 10, max: 10 };
    assert.deepEqual(
      await database.rows('SELECT count(*) AS n, min(v) AS min, max(v) AS max FROM t'),
      [expected],
    );
  });
}

for (const ended of [0, 1, 3, 6]) {
  test(`a reader's end clears old rows away beside readers that take all memory but that of ${ended}`, async () => {
    await using folder = await TempFolder.open();
    await using database = await Database.open({ path: folder.file('r.duckdb'), ...SMALL });
    await database.run(
      `CREATE TABLE t AS SELECT range AS id, 'a' || range AS s FROM range(300000)`,
    );
    await database.run('CHECKPOINT');
    const { connection, close } = await database.connectReader();
    const end = await database.critical.beginReading(connection);
    await connection.run('FROM t LIMIT 1');
    await database.run(`UPDATE t SET s = s || 'b'`);
    const readers = await takeAllMemory(database);
    for (const end of readers.splice(-ended, ended)) await end();
    // Where it can't be done at all, it waits until it can.
    const ending = end();
    if (ended <= 1) await endAll(readers);
    await ending;
    close();
    await endAll(readers);
    const [row] = await database.rows(`SELECT count(*) AS n FROM t WHERE s = 'a' || id || 'b'`);
    assert.deepEqual(row, { n: '300000' });
  });
}

test('a limit that queries went beyond meanwhile comes back when they end', async () => {
  await using folder = await TempFolder.open();
  await using database = await Database.open({ path: folder.file('r.duckdb'), ...SMALL });
  // What holds: the setting is told of also where it could not be done.
  const limit = async (): Promise<string> => {
    const [{ memory_limit: text }] = await database.rows('PRAGMA database_size');
    return String(text);
  };
  const before = await limit();
  const { connection, close } = await database.connectReader();
  await database.withAllMemory(async () => {
    const result = await connection.stream('SELECT list(range) FROM range(20000000)');
    await result.fetchChunk();
  });
  let meanwhile = await limit();
  while (/GiB/.test(meanwhile)) meanwhile = await limit();
  await connection.run('ROLLBACK').catch(() => undefined);
  close();
  await database.memory.settle();
  // 160 MB of the list, and what little DuckDB has itself.
  assert.match(meanwhile, /^1[6-9]\d\.\d MiB$/);
  assert.deepEqual([before, await limit()], ['61.0 MiB', '61.0 MiB']);
});
