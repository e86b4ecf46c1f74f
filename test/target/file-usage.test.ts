import assert from 'node:assert/strict';
import test from 'node:test';
import { isWorthIt } from '../../src/keep/compaction.js';
import { readFileUsage } from '../../src/target/file-usage.js';
import { TempDatabase } from './temp-database.js';

const MEBIBYTE = 1024 * 1024;

test('blocks that hold nothing and rows that are gone are dead, others are not', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  const usage = () => readFileUsage((sql) => database.rows(sql));
  await database.run('CREATE SCHEMA "replica"');
  const table = `${database.catalog}.replica."a b"`;
  await database.run(
    `CREATE TABLE ${table} AS SELECT range AS id, repeat(sha256(range::VARCHAR), 8) AS v
       FROM range(40000)`,
  );
  await database.run('CHECKPOINT');
  const full = await usage();
  assert.ok(full.totalBytes > 10 * MEBIBYTE, JSON.stringify(full));
  assert.equal(full.deadBytes, 0);
  // Those of a row group that lives on.
  await database.run(`DELETE FROM ${table} WHERE id % 4 <> 0`);
  await database.run('CHECKPOINT');
  const thinned = await usage();
  const share = thinned.deadBytes / thinned.totalBytes;
  assert.ok(share > 0.7 && share < 0.8, JSON.stringify(thinned));
  // And all of them, with another table behind.
  await database.run('CREATE TABLE other AS SELECT range AS id FROM range(1000000)');
  await database.run(`DROP TABLE ${table}`);
  await database.run('CHECKPOINT');
  const emptied = await usage();
  assert.ok(emptied.deadBytes >= 0 && emptied.deadBytes < emptied.totalBytes);
});

test('a compaction is worth it from a share and a size on', () => {
  const usage = (total: number, dead: number) => ({
    totalBytes: total * MEBIBYTE,
    deadBytes: dead * MEBIBYTE,
  });
  assert.equal(isWorthIt(usage(100, 50), 50), true);
  assert.equal(isWorthIt(usage(100, 49), 50), false);
  assert.equal(isWorthIt(usage(16, 15), 50), false);
  assert.equal(isWorthIt(usage(1000, 500), 90), false);
});
