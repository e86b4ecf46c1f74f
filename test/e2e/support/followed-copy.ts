import assert from 'node:assert/strict';
import type { SyncResult } from '../../../src/model/sync-result.js';
import { runDucktail } from '../../helpers/ducktail.js';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';

/** The column that tells of changes. */
export const CHANGED =
  'changed TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)';

/** A source with a replica of it that is still to be made. */
export interface FollowedCopy extends AsyncDisposable {
  readonly source: TestSource;
  readonly duckdbPath: string;
  readonly env: Record<string, string>;
}

export async function openCopy(flavour: Flavour): Promise<FollowedCopy> {
  const source = await TestSource.open(flavour);
  const folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  return {
    source,
    duckdbPath,
    env: {
      MYSQL_URL: source.url,
      DUCKDB_PATH: duckdbPath,
      BATCH_SIZE: '16',
      EXCLUDE_TABLES: 'numbers',
    },
    [Symbol.asyncDispose]: async () => {
      await folder[Symbol.asyncDispose]();
      await source[Symbol.asyncDispose]();
    },
  };
}

/** Runs `ducktail sync`, which has to succeed. */
export async function syncs({ env }: FollowedCopy, ...args: string[]): Promise<SyncResult> {
  const run = await runDucktail(['sync', '--json', ...args], env);
  assert.equal(run.exitCode, 0, run.stderr);
  return run.json<SyncResult>();
}
