import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../src/model/sync-result.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { addTextTable } from './support/text-table.js';

const LIMIT_BYTES = 500 * 1000 * 1000;
const KIB = 1024;

/** Syncs with 2 readers and returns the peak; what comes over is compared elsewhere. */
async function peakOfSync(source: TestSource): Promise<number> {
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath, WORKER_THREADS: '2' };
  const run = await runDucktail(['sync', '--json'], env);
  assert.equal(run.exitCode, 0, run.stderr);
  return run.json<SyncResult>().peakRssBytes;
}

function assertBelowLimit(peakBytes: number): void {
  assert.ok(peakBytes < LIMIT_BYTES, `${(peakBytes / 1e6).toFixed(0)} MB`);
}

test('a table of long texts is copied within the memory limit', async () => {
  await using source = await TestSource.open('mysql');
  await addTextTable(source, { name: 'texts', rows: 40_000, bytes: 8 * KIB });
  assertBelowLimit(await peakOfSync(source));
});

test('a table of 300 columns is copied within the memory limit', async () => {
  await using source = await TestSource.open('mysql');
  const columns = Array.from({ length: 100 }, (_, i) => [
    `n${i} BIGINT NOT NULL`,
    `d${i} DECIMAL(30,4)`,
    `t${i} VARCHAR(20)`,
  ]).flat();
  const values = Array.from({ length: 100 }, (_, i) => [
    `n * ${i + 1}`,
    i % 2 === 0 ? 'NULL' : `n / ${i}`,
    `CONCAT('text ', n)`,
  ]).flat();
  await source.run('SET SESSION sql_log_bin = 0');
  await source.addNumbers(20_000);
  await source.run(
    `CREATE TABLE wide (id INT NOT NULL PRIMARY KEY, ${columns.join(', ')})`,
    `INSERT INTO wide SELECT n, ${values.join(', ')} FROM numbers`,
    'ANALYZE TABLE wide',
  );
  assertBelowLimit(await peakOfSync(source));
});
