import assert from 'node:assert/strict';
import type { SyncResult } from '../../../src/model/sync-result.js';
import type { DucktailRun } from '../../helpers/ducktail.js';
import type { TestSource } from '../../helpers/test-source.js';
import { DucktailChild } from './ducktail-child.js';
import type { ServiceStatus } from './running-service.js';

/** A cron job's `ducktail sync --cdc` over one source and one file. */
export class CronJob {
  readonly env: Readonly<Record<string, string>>;

  constructor(source: TestSource, duckdbPath: string) {
    this.env = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath, WORKER_THREADS: '1' };
  }

  async command(...args: string[]): Promise<DucktailRun> {
    await using child = DucktailChild.start(args, this.env);
    return await child.ended;
  }

  /** `isStrict`: no table may fail. */
  async catchUp({ isStrict = true } = {}): Promise<SyncResult> {
    const run = await this.command('sync', '--cdc', '--json');
    assert.ok(run.exitCode === 0 || (run.exitCode === 1 && !isStrict), run.stderr);
    const result = run.json<SyncResult | { readonly error: unknown }>();
    if ('error' in result) throw new Error(`${JSON.stringify(result)}\n${run.stderr}`);
    return result;
  }

  async status(): Promise<ServiceStatus> {
    return (await this.command('status', '--json')).json<ServiceStatus>();
  }
}
