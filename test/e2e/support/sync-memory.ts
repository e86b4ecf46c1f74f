import assert from 'node:assert/strict';
import type { SyncResult } from '../../../src/model/sync-result.js';
import { runDucktail } from '../../helpers/ducktail.js';
import { TempFolder } from '../../helpers/temp-folder.js';
import type { TestSource } from '../../helpers/test-source.js';

const LIMIT_BYTES = 500 * 1000 * 1000;

/** Syncs with 2 readers and returns the peak; what comes over is compared elsewhere. */
export async function peakOfSync(source: TestSource): Promise<number> {
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath, WORKER_THREADS: '2' };
  const run = await runDucktail(['sync', '--json'], env);
  assert.equal(run.exitCode, 0, run.stderr);
  return run.json<SyncResult>().peakRssBytes;
}

export function assertBelowLimit(peakBytes: number): void {
  assert.ok(peakBytes < LIMIT_BYTES, `${(peakBytes / 1e6).toFixed(0)} MB`);
}
