import assert from 'node:assert/strict';
import test from 'node:test';
import { TestSource } from '../helpers/test-source.js';
import { assertFailedClearly } from './support/clear-message.js';
import { diskFull, fullDiskTests, runOn } from './support/full-disk-tests.js';
import { SmallDisk } from './support/small-disk.js';

// In small pieces; large ones, in the long test, reach the disk in other statements.
fullDiskTests(1000);

test('a disk without any space left is said to be full at the start', async (t) => {
  const disk = await SmallDisk.open(1);
  if (disk === null) {
    t.skip('nobody may mount a file system here');
    return;
  }
  await using owned = disk;
  await using source = await TestSource.open('mysql');
  await source.run('CREATE TABLE one (id INT PRIMARY KEY)');
  await owned.fill();
  const duckdbPath = owned.file('replica.duckdb');
  const env = { DUCKDB_PATH: duckdbPath };
  assertFailedClearly(await runOn(owned, source, env), diskFull(duckdbPath));
  await owned.resize(20);
  const again = await runOn(owned, source, env);
  assert.equal(again.exitCode, 0, again.stderr);
});
