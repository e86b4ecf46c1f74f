import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { formatCount, formatSeconds } from '../demo/report.js';
import { RunningService } from '../test/e2e/support/running-service.js';
import { saidUrl } from '../test/e2e/support/watched-service.js';
import { databaseOf, dropTable, loadTable, sourceChecks } from './bench-source.js';
import { type BenchTable, mainTable } from './bench-table.js';
import { CdcSource } from './cdc-source.js';
import { requestOverHttp } from './http-request.js';
import { type Bench, removeReplica, syncEnvironment } from './measures.js';
import { checkReplica } from './replica-checks.js';

/** Work of the service, while nobody asks and while readers do. */
export interface SharedWork {
  readonly aloneSeconds: number;
  readonly readSeconds: number;
  /** Queries that were answered meanwhile. */
  readonly queries: number;
  readonly medianQueryMs: number;
}

export interface ReadersResult {
  readonly rows: number;
  readonly transactions: number;
  readonly readers: number;
  readonly fullSync: readonly SharedWork[];
  readonly catchUp: readonly SharedWork[];
}

export interface ReadersOptions {
  readonly rows: number;
  readonly transactions: number;
  readonly rounds: number;
  readonly log: (line: string) => void;
}

const READERS = 4;
const TIMEOUT_MS = 600_000;
const LOOK_MS = 10;

/** What a dashboard asks, one after the other without a pause. */
const QUERIES = [
  'SELECT status, count(*), sum(amount) FROM items GROUP BY status',
  'SELECT * FROM items WHERE id = 4711',
  `SELECT date_trunc('month', created_at) AS month, count(*), avg(qty) FROM items GROUP BY month`,
  'SELECT user_id, sum(amount) AS total FROM items GROUP BY user_id ORDER BY total DESC LIMIT 10',
];

/** The service's own work while nobody asks and while four readers ask all the time, in turn. */
export async function measureReaders(
  bench: Bench,
  options: ReadersOptions,
): Promise<ReadersResult> {
  const { rows, transactions, rounds, log } = options;
  const table: BenchTable = { ...mainTable(rows), name: 'read' };
  log(`http-readers: loading ${formatCount(rows)} rows (${table.title})`);
  await loadTable(bench.serverUrl, table);
  await using source = await CdcSource.open(`${bench.serverUrl}/${databaseOf(table)}`);
  await source.prepare();
  const { DUCKDB_PATH } = syncEnvironment(bench, table);
  await using service = await RunningService.start(source, DUCKDB_PATH, {
    variables: { HTTP_ENABLED: 'true', HTTP_PORT: '0', LOG_FORMAT: 'json' },
    lifeMs: TIMEOUT_MS,
  });
  const fullSync: SharedWork[] = [];
  const catchUp: SharedWork[] = [];
  for (let number = 1; number <= rounds; number++) {
    const say = (what: string, work: SharedWork): SharedWork => {
      log(
        `http-readers, round ${number} of ${rounds}: ${what} in ` +
          `${formatSeconds(work.aloneSeconds)} alone, ${formatSeconds(work.readSeconds)} beside ` +
          `${work.queries} queries (median ${work.medianQueryMs.toFixed(0)} ms)`,
      );
      return work;
    };
    // In turn, because the machine gets slower and faster.
    const isAloneFirst = number % 2 === 1;
    const copy = (withReaders: boolean): Promise<Measured> => copyTable(service, withReaders);
    fullSync.push(say('full sync', await besideReaders(copy, isAloneFirst)));
    const follow = (withReaders: boolean): Promise<Measured> =>
      followChanges({ service, source, transactions, withReaders });
    catchUp.push(say('catching up', await besideReaders(follow, isAloneFirst)));
  }
  await service.stop();
  const expected = await sourceChecks(bench.serverUrl, table, Number.MAX_SAFE_INTEGER);
  await checkReplica(DUCKDB_PATH, table, expected);
  await removeReplica(DUCKDB_PATH);
  await dropTable(bench.serverUrl, table);
  return { rows, transactions, readers: READERS, fullSync, catchUp };
}

type Measured = Omit<SharedWork, 'aloneSeconds'>;

async function besideReaders(
  measure: (withReaders: boolean) => Promise<Measured>,
  isAloneFirst: boolean,
): Promise<SharedWork> {
  const first = await measure(!isAloneFirst);
  const second = await measure(isAloneFirst);
  const [alone, read] = isAloneFirst ? [first, second] : [second, first];
  return { ...read, aloneSeconds: alone.readSeconds };
}

async function copyTable(service: RunningService, withReaders: boolean): Promise<Measured> {
  const readers = withReaders ? await Readers.start(await saidUrl(service)) : null;
  // They have been asking before: a copy does not begin just when all of their queries do.
  await readers?.answered();
  const readSeconds = await timed(() => copyAgain(service));
  return { readSeconds, ...((await readers?.stop()) ?? NO_QUERIES) };
}

const NO_QUERIES = { queries: 0, medianQueryMs: 0 };

async function copyAgain(service: RunningService): Promise<void> {
  const { exitCode, stderr } = await service.order('sync', '--full', '--json');
  if (exitCode !== 0) throw new Error(stderr);
}

interface Followed {
  readonly service: RunningService;
  readonly source: CdcSource;
  readonly transactions: number;
  readonly withReaders: boolean;
}

/** From when the changes stream; readers ask from when the service answers. */
async function followChanges(followed: Followed): Promise<Measured> {
  const { service, source, transactions, withReaders } = followed;
  await service.stop();
  await source.changeRows(transactions);
  await service.launch();
  const readers = withReaders ? await Readers.start(await saidUrl(service)) : null;
  await service.streaming();
  const readSeconds = await timed(() => service.caughtUp({ timeoutMs: TIMEOUT_MS }));
  return { readSeconds, ...((await readers?.stop()) ?? NO_QUERIES) };
}

/** Clients that ask again as soon as they are answered. */
class Readers {
  private times: number[] = [];
  private isStopped = false;
  private readonly running: Promise<unknown>;

  private constructor(private readonly sessions: readonly ClientHttp2Session[]) {
    this.running = Promise.all(sessions.map((session, at) => this.read(session, at)));
    this.running.catch(() => undefined);
  }

  static async start(url: string): Promise<Readers> {
    const sessions = Array.from({ length: READERS }, () => connect(url));
    await Promise.all(sessions.map((session) => once(session, 'connect')));
    return new Readers(sessions);
  }

  /** Resolves when each of them was answered; those answers don't count. */
  async answered(): Promise<void> {
    while (this.times.length < 2 * READERS) await delay(LOOK_MS);
    this.times = [];
  }

  async stop(): Promise<{ queries: number; medianQueryMs: number }> {
    this.isStopped = true;
    const { length } = this.times;
    const sorted = this.times.toSorted((one, other) => one - other);
    await this.running;
    for (const session of this.sessions) session.destroy();
    return { queries: length, medianQueryMs: sorted[length >> 1] ?? Number.NaN };
  }

  private async read(session: ClientHttp2Session, first: number): Promise<void> {
    for (let at = first; !this.isStopped; at++) {
      const sinceMs = performance.now();
      const query = QUERIES[at % QUERIES.length];
      await requestOverHttp(session, '/api/query', JSON.stringify({ query }));
      this.times.push(performance.now() - sinceMs);
    }
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const sinceMs = performance.now();
  await work();
  return (performance.now() - sinceMs) / 1000;
}
