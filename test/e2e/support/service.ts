import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage } from '../../../src/common/errors.js';
import { ControlClient } from '../../../src/service/control-client.js';
import type { Status } from '../../../src/service/status.js';
import { TempFolder } from '../../helpers/temp-folder.js';
import { type ChildOptions, DucktailChild } from './ducktail-child.js';

const POLL_MS = 50;
const TIMEOUT_MS = 30_000;

/** `ducktail run` without the binlog, and a client of it. */
export class Service implements AsyncDisposable {
  private constructor(
    private readonly folder: TempFolder,
    readonly env: Readonly<Record<string, string>>,
    /** Of the latest start. */
    public child: DucktailChild,
  ) {}

  /** Started as by an operator; `schedule` is every second unless said otherwise. */
  static async start(
    url: string,
    settings: Readonly<Record<string, string>> = {},
    options: ChildOptions = {},
  ): Promise<Service> {
    const folder = await TempFolder.open();
    const env = {
      MYSQL_URL: url,
      DUCKDB_PATH: folder.file('replica.duckdb'),
      CDC_ENABLED: 'false',
      INCREMENTAL_SCHEDULE: '* * * * * *',
      WORKER_THREADS: '1',
      ...settings,
    };
    return new Service(folder, env, DucktailChild.start(['run', '--json'], env, options));
  }

  get duckdbPath(): string {
    return this.env.DUCKDB_PATH;
  }

  /** After the last one has ended. */
  restart(options: ChildOptions = {}): void {
    this.child = DucktailChild.start(['run', '--json'], this.env, options);
  }

  /** Resolves when clients are answered. */
  async answers(): Promise<void> {
    await this.child.says(/are answered/);
  }

  async status(): Promise<Status> {
    using client = await this.client();
    return await client.call<'status'>({ call: 'status' }, () => undefined);
  }

  async rows(sql: string): Promise<readonly (readonly unknown[])[]> {
    using client = await this.client();
    return (await client.query(sql)).rows;
  }

  /** Resolves when the query has the rows; they come with some later run. */
  async shows(sql: string, rows: readonly (readonly unknown[])[]): Promise<void> {
    const wanted = JSON.stringify(rows);
    const look = async (): Promise<string> =>
      this.rows(sql).then(JSON.stringify, (error: unknown) => errorMessage(error));
    await this.until(async () => (await look()) === wanted, `${wanted} from ${sql}`, look);
  }

  async isIn(state: string): Promise<void> {
    const look = async (): Promise<string> => (await this.status()).service?.state ?? '';
    await this.until(async () => (await look()) === state, `the state ${state}`, look);
  }

  async client(): Promise<ControlClient> {
    const client = await ControlClient.find(this.duckdbPath);
    if (client === null) throw new Error(`no service answers:\n${this.child.stderr}`);
    return client;
  }

  private async until(
    isThere: () => Promise<boolean>,
    what: string,
    look: () => Promise<string>,
  ): Promise<void> {
    const deadline = performance.now() + TIMEOUT_MS;
    while (!(await isThere())) {
      if (performance.now() > deadline) {
        throw new Error(`there was not: ${what}, but ${await look()}\n${this.child.stderr}`);
      }
      await delay(POLL_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}
