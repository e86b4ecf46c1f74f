import assert from 'node:assert/strict';
import test from 'node:test';
import mysql from 'mysql2/promise';
import { assertSameData } from '../helpers/compare.js';
import { CHANGED, openCopy, syncs } from './support/followed-copy.js';
import { singleValue } from './support/replica-state.js';

test('a writer that never rests', async () => {
  await using copy = await openCopy('mysql');
  const { source, duckdbPath } = copy;
  await source.addNumbers(3000);
  await source.run(
    `CREATE TABLE t (id INT PRIMARY KEY, v INT, ${CHANGED}, KEY (changed))`,
    'INSERT INTO t (id, v) SELECT n, n FROM numbers',
  );
  await syncs(copy);
  const writer = await mysql.createConnection({ uri: source.url });
  let isWriting = true;
  const write = async (): Promise<void> => {
    for (let at = 0; isWriting; at += 1) {
      const id = (at * 7919) % 3000;
      await writer.query('BEGIN');
      await writer.query(`UPDATE t SET v = v + 1 WHERE id BETWEEN ${id} AND ${id + 5}`);
      await writer.query(`DELETE FROM t WHERE id = ${(id + 100) % 3000}`);
      await writer.query(`UPDATE IGNORE t SET id = ${id + 10_000} WHERE id = ${(id + 200) % 3000}`);
      await writer.query(`INSERT IGNORE INTO t (id, v) VALUES (${(id + 50) % 3000}, ${at})`);
      await writer.query('COMMIT');
    }
  };
  const writing = write();
  try {
    for (const args of [['--deletes'], [], ['--deletes']]) await syncs(copy, ...args);
  } finally {
    isWriting = false;
    await writing;
    writer.destroy();
  }
  await syncs(copy, '--deletes');
  await assertSameData(source, duckdbPath, { tables: ['t'] });
  const doubled = 'SELECT count(*) - count(DISTINCT id) FROM t';
  assert.equal(await singleValue(duckdbPath, doubled), '0');
});
