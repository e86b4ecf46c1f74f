import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { postQuery } from './support/post-query.js';
import { RunningService } from './support/running-service.js';

const ROWS = 500_000;
const CLIENTS = 4;

/** What wants more memory than a query may have, and is to get on with that. */
const QUERIES = [
  'SELECT count(*) FROM (SELECT md5(range::VARCHAR) AS a FROM range(1500000) GROUP BY a)',
  'SELECT max(n) FROM (SELECT row_number() OVER (ORDER BY hash(range)) AS n FROM range(1500000))',
  "SELECT max(length(repeat('x', 50000 + range::INTEGER))) FROM range(5000)",
];

test('queries that use all they may are ended neither beside full syncs nor beside changes', async (t) => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await source.run('SET SESSION sql_log_bin = 0');
  await source.addNumbers(ROWS);
  await source.run(
    'CREATE TABLE texts (id INT PRIMARY KEY, a VARCHAR(200), b VARCHAR(200))',
    'INSERT INTO texts SELECT n, REPEAT(SHA2(n, 256), 2), SHA2(n + 1, 256) FROM numbers',
    'SET SESSION sql_log_bin = 1',
  );
  await using service = await RunningService.start(source, folder.file('r.duckdb'), {
    variables: { HTTP_ENABLED: 'true', HTTP_PORT: '0', WORKER_THREADS: '4' },
  });
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(service.said)?.[0] ?? '';
  let isDone = false;
  let answers = 0;
  const client = async (at: number): Promise<void> => {
    for (let n = at; !isDone; n++) {
      const reply = await postQuery(url, QUERIES[n % QUERIES.length]);
      const text = await reply.text();
      assert.doesNotMatch(text, /more memory than they may/);
      if (reply.ok) answers++;
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, at) => client(at)));
  clients.catch(() => undefined);
  try {
    for (let round = 0; round < 2; round++) {
      const sync = await service.order('sync', '--full', 'texts', '--json');
      assert.equal(sync.exitCode, 0, sync.stderr);
      await source.run(`UPDATE texts SET b = CONCAT(b, ${round}) WHERE id % 4 = ${round}`);
      await service.caughtUp({ timeoutMs: 120_000 });
    }
  } finally {
    isDone = true;
    await clients;
  }
  assert.ok(answers > 0);
  const peak = (await service.peakRssBytes()) ?? 0;
  t.diagnostic(`${answers} answers, at most ${Math.round(peak / 1e6)} MB`);
  assert.doesNotMatch(service.said, /ending at once/);
});
