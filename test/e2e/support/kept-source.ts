import assert from 'node:assert/strict';
import { type DucktailRun, runDucktail } from '../../helpers/ducktail.js';
import { Replica } from '../../helpers/replica.js';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { RunningService } from './running-service.js';
import { TOTAL_BALANCE, Transfers } from './transfers.js';

export interface TakenBackup {
  readonly backup: string;
  readonly encrypted: boolean;
  readonly position: { readonly gtidSet: string | null; readonly fileTime: string | null } | null;
  readonly rows: number;
  readonly bytes: number;
  readonly pauseSeconds: number;
  readonly removed: readonly string[];
}

export interface Restored {
  readonly backup: string;
  readonly position: { readonly gtidSet: string | null } | null;
  readonly rows: number;
}

type Variables = Readonly<Record<string, string>>;

/** A source that is written to, a service that follows it, and the commands that keep its replica. */
export class KeptSource implements AsyncDisposable {
  private constructor(
    readonly source: TestSource,
    readonly folder: TempFolder,
    readonly transfers: Transfers,
    readonly service: RunningService,
    readonly duckdbPath: string,
  ) {}

  static async open(flavour: Flavour, variables: Variables = {}): Promise<KeptSource> {
    const source = await TestSource.open(flavour);
    const folder = await TempFolder.open();
    await source.run(
      'CREATE TABLE keyless (v INT, t VARCHAR(20))',
      "INSERT INTO keyless VALUES (1, 'a'), (1, 'a'), (2, NULL)",
    );
    const transfers = await Transfers.start(source, 2);
    const duckdbPath = folder.file('replica.duckdb');
    const service = await RunningService.start(source, duckdbPath, { variables });
    return new KeptSource(source, folder, transfers, service, duckdbPath);
  }

  file(name: string): string {
    return this.folder.file(name);
  }

  /** A command on the replica, or with `DUCKDB_PATH` on another. */
  run(args: readonly string[], variables: Variables = {}): Promise<DucktailRun> {
    return runDucktail(args, { DUCKDB_PATH: this.duckdbPath, ...variables });
  }

  /** The document of a command that has to succeed. */
  async done<Document>(args: readonly string[], variables: Variables = {}): Promise<Document> {
    const run = await this.run([...args, '--json'], variables);
    assert.equal(run.exitCode, 0, run.stderr);
    return run.json<Document>();
  }

  backup(to: string, variables: Variables = {}, ...more: string[]): Promise<TakenBackup> {
    return this.done<TakenBackup>(['backup', to, ...more], variables);
  }

  restore(from: string, duckdbPath: string, variables: Variables = {}): Promise<Restored> {
    return this.done<Restored>(['restore', from], { ...variables, DUCKDB_PATH: duckdbPath });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.transfers[Symbol.asyncDispose]();
    await this.service[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
    await this.source[Symbol.asyncDispose]();
  }
}

/** Fails unless the file, which nobody writes, holds whole transactions only; returns how many transfers. */
export async function assertWhole(path: string): Promise<number> {
  using replica = await Replica.open(path);
  const [[sum, transfers]] = await replica.texts(
    `SELECT CAST((SELECT sum(balance) FROM left_accounts) + (SELECT sum(balance) FROM right_accounts)
              AS VARCHAR),
            CAST((SELECT sum(transfers) FROM right_accounts) AS VARCHAR)`,
  );
  assert.equal(sum, String(TOTAL_BALANCE));
  return Number(transfers);
}

/** Where the stream of a file is that nobody writes. */
export async function streamGtids(path: string): Promise<string | null> {
  using replica = await Replica.open(path);
  const [[gtids]] = await replica.texts('SELECT gtid_set FROM _ducktail.stream');
  return gtids;
}

/** When the source made the binlog file in which the stream of a file is that nobody writes. */
export async function streamFileTime(path: string): Promise<string | null> {
  using replica = await Replica.open(path);
  const [[timeMs]] = await replica.texts(
    'SELECT CAST(binlog_file_time_ms AS VARCHAR) FROM _ducktail.stream',
  );
  return timeMs === null ? null : new Date(Number(timeMs)).toISOString();
}
