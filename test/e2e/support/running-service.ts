import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { DucktailRun } from '../../helpers/ducktail.js';
import { CommandLine, type CommandReply } from './command-line.js';
import type { HookPlan } from './hook-plan.js';
import { DucktailChild } from './ducktail-child.js';
import { containsGtids, executedGtids, type SourceAccess } from './source-position.js';

/** The document of `ducktail status --json`. */
export interface ServiceStatus {
  readonly service: { readonly pid: number; readonly state: string } | null;
  readonly cdc: {
    readonly state: 'starting' | 'copying' | 'streaming' | 'reconnecting' | 'stopped';
    readonly checkpoint: {
      readonly gtidSet: string | null;
      readonly file: string;
      readonly position: number;
    } | null;
    readonly sourceTime: string | null;
    readonly lagSeconds: number | null;
    readonly endedQueries: number;
  } | null;
  readonly tables: readonly StatusTable[];
}

interface StatusTable {
  readonly table: string;
  readonly mode: string;
  readonly rows: number;
  readonly rejectedValues: number;
  readonly error: string | null;
}

interface ServiceOptions {
  /** `INCLUDE_TABLES` and the like. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Where the service reaches the source; the source's own URL by default. */
  readonly url?: string;
  /** Each process is killed after this. */
  readonly lifeMs?: number;
  /** For `launch`: what its first process does to itself. */
  readonly plan?: HookPlan;
}

interface WaitOptions {
  readonly timeoutMs?: number;
  /** Tables whose errors don't matter. */
  readonly exceptTables?: readonly string[];
  readonly pollMs?: number;
}

const POLL_MS = 30;
/** For what stays as it is once it has come: each question costs the service 10 ms of CPU. */
const STEADY_POLL_MS = 90;
const TIMEOUT_MS = 40_000;
const STOP_LIMIT_MS = 5_000;
/** Longer than any test. */
const LIFE_MS = 240_000;

/** `ducktail run` over one source and one file, started again as often as a test wants. */
export class RunningService implements AsyncDisposable {
  private readonly env: Readonly<Record<string, string>>;
  private readonly commands: CommandLine;
  private child: DucktailChild | null = null;
  /** Of the child: how it ended. */
  private ended: DucktailRun | null = null;
  /** The child has the file: a command that asks it doesn't open the file in its stead. */
  private hasFile = false;

  private readonly lifeMs: number;

  private constructor(
    private readonly source: SourceAccess,
    readonly duckdbPath: string,
    { variables = {}, url = source.url, lifeMs = LIFE_MS }: ServiceOptions,
  ) {
    this.lifeMs = lifeMs;
    this.env = { MYSQL_URL: url, DUCKDB_PATH: duckdbPath, WORKER_THREADS: '1', ...variables };
    this.commands = CommandLine.open(this.env);
  }

  /** Resolves once the tables are copied and changes are applied as they come. */
  static async start(
    source: SourceAccess,
    duckdbPath: string,
    options: ServiceOptions = {},
  ): Promise<RunningService> {
    const service = new RunningService(source, duckdbPath, options);
    try {
      await service.start();
    } catch (error) {
      await service[Symbol.asyncDispose]();
      throw error;
    }
    return service;
  }

  /** Starts the process and waits for nothing. */
  static async launch(
    source: SourceAccess,
    duckdbPath: string,
    options: ServiceOptions = {},
  ): Promise<RunningService> {
    const service = new RunningService(source, duckdbPath, options);
    await service.launch(options.plan);
    return service;
  }

  get pid(): number {
    return this.running().pid;
  }

  /** Everything that the running process has written to stderr. */
  get said(): string {
    return this.child?.stderr ?? '';
  }

  async start(): Promise<void> {
    await this.launch();
    await this.streaming();
  }

  /** Starts the process, with `plan` one that meddles with itself, and waits for nothing. */
  async launch(plan?: HookPlan): Promise<void> {
    assert.equal(this.child, null, 'it runs already');
    // A command that found no service may still have the file open.
    await this.commands.idle();
    const child = DucktailChild.start(['run'], this.env, {
      timeoutMs: this.lifeMs,
      ...(plan === undefined ? {} : { plan }),
    });
    this.child = child;
    this.ended = null;
    this.hasFile = false;
    void child.ended.then((run) => {
      if (this.child === child) this.ended = run;
    });
  }

  /** Null where no service answers, or no file is there yet. */
  async status(): Promise<ServiceStatus | null> {
    if (!(await this.isAnswering())) return null;
    const { exitCode, stdout } = await this.commands.run('status', '--json');
    return exitCode === 0 ? (JSON.parse(stdout) as ServiceStatus) : null;
  }

  /** The rows of a query that the service answers; throws where it does not. */
  async query(sql: string): Promise<unknown[][]> {
    if (!(await this.isAnswering())) throw new Error('no service has the file');
    const { exitCode, stdout, stderr } = await this.commands.run('query', sql, '--json');
    if (exitCode !== 0) throw new Error(`${stderr}${stdout} from: ${sql}`);
    return (JSON.parse(stdout) as { rows: unknown[][] }).rows;
  }

  /** A command that the service carries out. */
  order(...args: readonly string[]): Promise<CommandReply> {
    return this.commands.run(...args);
  }

  streaming(options: WaitOptions = {}): Promise<void> {
    return this.until('is streaming', ({ cdc }) => cdc?.state === 'streaming', {
      pollMs: STEADY_POLL_MS,
      ...options,
    });
  }

  /**
   * Waits until the replica has everything that is in the source's binlog now, all tables that it is
   * to have, and no table has an error.
   */
  async caughtUp(options: WaitOptions = {}): Promise<void> {
    const wanted = await executedGtids(this.source);
    const tablesWanted = await this.wantedTables();
    const { exceptTables = [] } = options;
    await this.until(
      `has caught up to ${wanted}`,
      async ({ cdc, tables }) =>
        cdc?.state === 'streaming' &&
        cdc.checkpoint !== null &&
        (await containsGtids(this.source, cdc.checkpoint, wanted)) &&
        tables.every(({ table, error }) => error === null || exceptTables.includes(table)) &&
        tablesWanted.every((name) => tables.some(({ table }) => table === name)),
      { pollMs: STEADY_POLL_MS, ...options },
    );
  }

  /** Asks for the status until it is as wanted; fails when the service ends or time runs out. */
  async until(
    what: string,
    isSo: (status: ServiceStatus) => boolean | Promise<boolean>,
    { timeoutMs = TIMEOUT_MS, pollMs = POLL_MS }: WaitOptions = {},
  ): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    let seen: ServiceStatus | null = null;
    for (;;) {
      this.requireRunning(what);
      seen = await this.status();
      if (seen !== null && seen.service !== null && (await isSo(seen))) return;
      if (performance.now() > deadline) {
        throw new Error(
          `after ${timeoutMs} ms it is not so that it ${what}: ` +
            `${JSON.stringify({ cdc: seen?.cdc, failed: failedTables(seen) })}\n${this.said}`,
        );
      }
      await delay(pollMs);
    }
  }

  /** SIGTERM: a clean end within the promised time. */
  async stop(): Promise<void> {
    const child = this.running();
    const since = performance.now();
    this.child = null;
    child.signal('SIGTERM');
    const run = await child.ended;
    const tookMs = performance.now() - since;
    assert.deepEqual([run.exitCode, run.signal], [0, null], run.stderr);
    assert.ok(tookMs < STOP_LIMIT_MS, `it took ${tookMs.toFixed(0)} ms to stop\n${run.stderr}`);
    await this.commands.idle();
  }

  async kill(): Promise<void> {
    const child = this.running();
    this.child = null;
    child.signal('SIGKILL');
    const run = await child.ended;
    assert.equal(run.signal, 'SIGKILL', `it had ended by itself:\n${run.stderr}`);
    await this.commands.idle();
  }

  /** The end of a process that ends by itself. */
  async end(): Promise<DucktailRun> {
    const run = await this.running().ended;
    this.child = null;
    return run;
  }

  /** The most memory that the process ever had resident; null where the system doesn't say. */
  async peakRssBytes(): Promise<number | null> {
    if (process.platform !== 'linux') return null;
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    return kibibytes === undefined ? null : Number(kibibytes) * 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child?.[Symbol.asyncDispose]();
    this.child = null;
    await this.commands[Symbol.asyncDispose]();
  }

  /** The source's tables that the service's variables select. */
  private async wantedTables(): Promise<string[]> {
    const rows = await this.source.texts(
      `SELECT table_name FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'`,
    );
    const { INCLUDE_TABLES = '*', EXCLUDE_TABLES = '' } = this.env;
    return rows
      .map(([name]) => name ?? '')
      .filter((name) => matches(INCLUDE_TABLES, name) && !matches(EXCLUDE_TABLES, name));
  }

  private running(): DucktailChild {
    assert.ok(this.child, 'it does not run');
    return this.child;
  }

  /** Whether the running process holds the lock of the file. */
  private async isAnswering(): Promise<boolean> {
    const { child } = this;
    if (child === null) return false;
    if (this.hasFile) return true;
    const text = await readFile(`${this.duckdbPath}.lock`, 'utf8').catch(() => '{}');
    const { pid } = JSON.parse(text) as { pid?: number };
    if (this.child !== child || pid !== child.pid) return false;
    this.hasFile = true;
    return true;
  }

  private requireRunning(what: string): void {
    if (this.child === null) throw new Error(`it was stopped before it ${what}`);
    if (this.ended === null) return;
    const { exitCode, signal, stderr } = this.ended;
    throw new Error(`it ended (${exitCode ?? signal}) before it ${what}:\n${stderr}`);
  }
}

/** Globs between commas; in tests, of letters, underlines and stars. */
function matches(globs: string, name: string): boolean {
  return globs.split(',').some((glob) => new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(name));
}

function failedTables(status: ServiceStatus | null): StatusTable[] {
  return (status?.tables ?? []).filter(({ error }) => error !== null);
}
