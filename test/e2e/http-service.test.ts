import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { addCountedRow, changeMeanwhile } from './support/counted-changes.js';
import { ENDLESS_REPORTS } from './support/endless-reports.js';
import { postQuery } from './support/post-query.js';
import { RunningService } from './support/running-service.js';
import { saidUrl } from './support/watched-service.js';

const CLIENTS = 8;
const ROUNDS = 12;
const ROWS = 500;

interface Answer {
  readonly rows: readonly Record<string, unknown>[];
  readonly freshness: {
    readonly binlog: { readonly position: number } | null;
    readonly gtidSet: string | null;
    readonly except: string[];
  };
  readonly error: string | null;
}

async function post(url: string, path: string, body: string, type = 'json'): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': `application/${type}` },
    body,
  });
}

async function query(url: string, sql: string): Promise<Answer> {
  const reply = await postQuery(url, sql);
  const answer = (await reply.json()) as Answer;
  assert.equal(answer.error, null, `${reply.status} ${String(answer.error)}`);
  return answer;
}

async function lastTransaction(source: TestSource): Promise<number> {
  const [[executed]] = await source.texts('SELECT @@GLOBAL.gtid_executed');
  return lastOf(executed);
}

/** The number of the last transaction of one server. */
function lastOf(gtidSet: string | null): number {
  return Number(/\d+$/.exec(gtidSet ?? '')?.[0]);
}

test('8 appenders and 8 readers beside CDC: nothing is lost, every answer is consistent', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await source.run(
    'CREATE TABLE accounts (id INT PRIMARY KEY, balance INT NOT NULL)',
    'INSERT INTO accounts VALUES (1, 500), (2, 500)',
  );
  // The source's last transaction after each transfer: the server is others' as well.
  const after = [await lastTransaction(source)];
  await using service = await RunningService.start(source, folder.file('r.duckdb'), {
    variables: { HTTP_ENABLED: 'true', HTTP_PORT: '0' },
  });
  const url = await saidUrl(service);
  const created = await post(
    url,
    '/api/execute',
    JSON.stringify({
      statements: [{ query: 'CREATE TABLE events (client INTEGER, round INTEGER, n INTEGER)' }],
    }),
  );
  assert.equal(created.status, 200, await created.text());
  let isDone = false;
  const transfers = (async () => {
    let count = 0;
    for (; !isDone || count < 50; count++) {
      await source.run(
        'START TRANSACTION',
        'UPDATE accounts SET balance = balance - 1 WHERE id = 1',
        'UPDATE accounts SET balance = balance + 1 WHERE id = 2',
        'COMMIT',
      );
      after.push(await lastTransaction(source));
    }
    return count;
  })();
  const appender = async (client: number): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) {
      const lines = Array.from({ length: ROWS }, (_, n) => `[${client},${round},${n}]\n`);
      const reply = await post(url, '/api/append/events', lines.join(''), 'x-ndjson');
      assert.deepEqual(await reply.json(), { rowsAppended: ROWS, error: null });
    }
  };
  const stamps: { readonly transfers: number; readonly last: number }[] = [];
  const reader = async (): Promise<void> => {
    let position = 0;
    while (!isDone) {
      const { rows, freshness } = await query(
        url,
        `SELECT (SELECT sum(balance)::INT FROM accounts) AS total,
                (SELECT balance - 500 FROM accounts WHERE id = 2) AS transfers,
                (SELECT count(*)::INT FROM (SELECT 1 FROM events GROUP BY client, round HAVING count(*) <> ${ROWS})) AS parts`,
      );
      const transfers = Number(rows[0].transfers);
      assert.deepEqual(rows, [{ total: 1000, transfers, parts: 0 }]);
      stamps.push({ transfers, last: lastOf(freshness.gtidSet) });
      assert.deepEqual(freshness.except, []);
      const seen = freshness.binlog?.position ?? 0;
      assert.ok(seen >= position, `${seen} after ${position}`);
      position = seen;
    }
  };
  const readers = Promise.all(Array.from({ length: CLIENTS }, reader));
  readers.catch(() => undefined);
  try {
    await Promise.all(Array.from({ length: CLIENTS }, (_, client) => appender(client)));
  } finally {
    isDone = true;
  }
  await readers;
  const count = await transfers;
  await service.caughtUp();
  const { rows } = await query(
    url,
    `SELECT (SELECT count(*)::INT FROM events) AS n,
            (SELECT count(DISTINCT (client, round, n))::INT FROM events) AS different,
            (SELECT balance FROM accounts WHERE id = 2) AS balance`,
  );
  const n = CLIENTS * ROUNDS * ROWS;
  assert.deepEqual(rows, [{ n, different: n, balance: 500 + count }]);
  assert.ok(stamps.length > 0);
  // A stamp says just what the answer holds: the last transfer in it, and not the next one.
  for (const { transfers, last } of stamps) {
    assert.ok(last > (after[transfers - 1] ?? 0), `${last} with ${transfers} transfers`);
    assert.ok(last < (after[transfers + 1] ?? Infinity), `${last} with ${transfers} transfers`);
  }
  for (const path of ['/healthz', '/readyz', '/api/status', '/openapi.json']) {
    const reply = await fetch(`${url}${path}`);
    assert.equal(reply.status, 200, `${path}: ${await reply.text()}`);
  }
  await service.stop();
});

test('a monstrous report beside CDC ends by an error that says why, and replication goes on', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await addCountedRow(source);
  await using service = await RunningService.start(source, folder.file('r.duckdb'), {
    variables: {
      HTTP_ENABLED: 'true',
      HTTP_PORT: '0',
      QUERY_TIMEOUT_MS: '8000',
      QUERY_MEMORY_LIMIT: '32MB',
      QUERY_TEMP_LIMIT: '200MB',
    },
  });
  const url = await saidUrl(service);
  const ends = Promise.all(
    ENDLESS_REPORTS.map(async (sql) => {
      const reply = await postQuery(url, sql).catch((error: unknown) => {
        throw new Error(`the service said: ${service.said}`, { cause: error });
      });
      return [reply.status, ((await reply.json()) as Answer).error ?? ''] as const;
    }),
  );
  const { result, changes, worstLagSeconds } = await changeMeanwhile(source, service, ends);
  for (const [status, error] of result) {
    assert.ok([400, 422, 503].includes(status), `${status} ${error}`);
    assert.match(error, /memory|took more than|ended because/i);
  }
  await service.caughtUp();
  const { rows, freshness } = await query(url, 'SELECT v FROM t');
  assert.deepEqual([rows, freshness.except], [[{ v: changes }], []]);
  assert.ok(worstLagSeconds < 8, `${worstLagSeconds} s`);
  const peak = await service.peakRssBytes();
  assert.ok(peak === null || peak < 700e6, `${peak ?? 0} bytes`);
  await service.stop();
});
