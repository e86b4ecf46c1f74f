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

/** Readers that leave no memory for anything, until their end. */
async function takeAllMemory(database: Database): Promise<() => Promise<void>> {
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
  return async () => {
    for (const end of ends) await end();
  };
}

test('a ROLLBACK that lacks memory is made up for before anything else is done', async () => {
  await using folder = await TempFolder.open();
  const path = folder.file('r.duckdb');
  const memory = { memoryLimit: '64MB', threads: 2 };
  await using database = await Database.open({ path, ...memory, owner: 'ducktail test' });
  await database.run('CREATE TABLE t AS SELECT 1 AS v');
  let giveBack: () => Promise<void> = () => Promise.resolve();
  const failing = database.transaction(async () => {
    await database.run('UPDATE t SET v = 2');
    giveBack = await takeAllMemory(database);
    await database.run('UPDATE t SET v = 3');
  });
  await assert.rejects(failing, { code: 'target-memory' });
  await assert.rejects(database.run('UPDATE t SET v = v + 10'), { code: 'target-memory' });
  await giveBack();
  assert.deepEqual(await database.rows('FROM t'), [{ v: 1 }]);
  await database.transaction(() => database.run('UPDATE t SET v = v + 10'));
  assert.deepEqual(await database.rows('FROM t'), [{ v: 11 }]);
});
