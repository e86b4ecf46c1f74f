import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import type { DuckDBConnection } from '@duckdb/node-api';
import { LiveReader } from '../src/target/live-reader.js';
import { ServedReplica } from '../test/http/support/served-replica.js';
import { requestOverHttp } from './http-request.js';
import { median } from './statistics.js';

/**
 * Medians of a round, in milliseconds, in process and over HTTP/2. A point query's answer is of one
 * read-only transaction: `inProcess` is that; `bare` a statement alone.
 */
export interface HttpRound {
  readonly pointMs: readonly [bare: number, inProcess: number, http: number];
  readonly arrowMs: readonly [inProcess: number, http: number];
  readonly appendMs: readonly [inProcess: number, http: number];
}

export interface HttpBenchResult {
  readonly rows: number;
  readonly appendedRows: number;
  readonly rounds: readonly HttpRound[];
}

const ROWS = 1_000_000;
const APPENDED = 200_000;
const POINTS = 400;
/** Rounds of point queries before the first that counts: a service is up for longer than a moment. */
const WARM_UPS = 8;
const POINT_SQL = 'SELECT * FROM t WHERE id = ?';
const COLUMNS = 'id BIGINT, name VARCHAR, price DECIMAL(12, 2), quantity INTEGER, "at" TIMESTAMP';

/** The server and its client are in this process, so that a client's work counts against HTTP. */
export async function measureHttp(options: {
  readonly rounds: number;
  readonly log: (line: string) => void;
}): Promise<HttpBenchResult> {
  await using replica = await ServedReplica.open({ server: { tokens: [] }, memoryLimit: '512MB' });
  const { database } = replica;
  await database.run(
    `CREATE TABLE t AS SELECT range AS id, 'name ' || range AS name,
            (range * 1.25)::DECIMAL(12, 2) AS price, (range % 100)::INTEGER AS quantity,
            TIMESTAMP '2024-01-01' + INTERVAL (range) SECOND AS "at" FROM range(${ROWS})`,
  );
  for (const table of ['own', 'other']) {
    await database.run(`CREATE TABLE ${table} (${COLUMNS})`);
  }
  const connection = await database.connect();
  const session = connect(replica.url, { settings: { initialWindowSize: 8 * 1024 * 1024 } });
  await once(session, 'connect');
  session.setLocalWindowSize(16 * 1024 * 1024);
  const lines = ndjson();
  for (let at = 0; at < WARM_UPS; at++) await measurePoints(replica, connection, session);
  const rounds: HttpRound[] = [];
  for (let number = 1; number <= options.rounds; number++) {
    const round: HttpRound = {
      pointMs: await measurePoints(replica, connection, session),
      arrowMs: [
        await timed(() => readArrow(replica)),
        await timed(() =>
          requestOverHttp(session, '/api/query', JSON.stringify({ query: 'FROM t' }), {
            accept: 'application/vnd.apache.arrow.stream',
          }),
        ),
      ],
      appendMs: [
        await timed(() => appendInProcess(connection, lines)),
        await timed(() =>
          requestOverHttp(session, '/api/append/own', lines, {
            'content-type': 'application/x-ndjson',
          }),
        ),
      ],
    };
    options.log(`http, round ${number}: ${JSON.stringify(round)}`);
    rounds.push(round);
  }
  session.destroy();
  return { rows: ROWS, appendedRows: APPENDED, rounds };
}

/** Alternating, so that a slow moment falls on both. */
async function measurePoints(
  replica: ServedReplica,
  connection: DuckDBConnection,
  session: ClientHttp2Session,
): Promise<[number, number, number]> {
  const bare: number[] = [];
  const inProcess: number[] = [];
  const http: number[] = [];
  for (let at = 0; at < POINTS; at++) {
    const id = (at * 7919) % ROWS;
    bare.push(
      await timed(async () => {
        const statement = await connection.prepare(POINT_SQL);
        statement.bindInteger(1, id);
        (await statement.runAndReadAll()).getRowObjectsJson();
      }),
    );
    inProcess.push(await timed(() => readPoint(replica, id)));
    const body = JSON.stringify({ query: POINT_SQL, args: [id] });
    http.push(await timed(() => requestOverHttp(session, '/api/query', body)));
  }
  return [median(bare), median(inProcess), median(http)];
}

function readPoint({ database }: ServedReplica, id: number): Promise<void> {
  return LiveReader.use(database, new AbortController().signal, async (reader) => {
    for await (const rows of (await reader.query(POINT_SQL, [id])).rows()) void rows;
  });
}

function readArrow({ database }: ServedReplica): Promise<void> {
  return LiveReader.use(database, new AbortController().signal, async (reader) => {
    for await (const piece of (await reader.arrowQuery('FROM t', [])).arrow()) void piece;
  });
}

/** Value by value, as ducktape does it. */
async function appendInProcess(connection: DuckDBConnection, lines: string): Promise<void> {
  const appender = await connection.createAppender('other', 'main');
  for (const line of lines.trimEnd().split('\n')) {
    const row = JSON.parse(line) as [number, string, string, number, string];
    const [id, name, price, quantity, time] = row;
    appender.appendBigInt(BigInt(id));
    appender.appendVarchar(name);
    appender.appendVarchar(price);
    appender.appendInteger(quantity);
    appender.appendVarchar(time);
    appender.endRow();
  }
  appender.closeSync();
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

function ndjson(): string {
  const lines = Array.from(
    { length: APPENDED },
    (_, at) =>
      `[${at},"name ${at}","${(at * 1.25).toFixed(2)}",${at % 100},"2024-01-01T00:00:00Z"]\n`,
  );
  return lines.join('');
}
