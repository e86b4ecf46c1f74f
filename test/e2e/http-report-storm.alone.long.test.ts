import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { ENDLESS_REPORTS } from './support/endless-reports.js';
import { postQuery } from './support/post-query.js';
import { RunningService } from './support/running-service.js';
import { saidUrl } from './support/watched-service.js';

const TABLES = 5;
const STORM_MS = 60_000;

/** They want all of DuckDB's memory, the disk, its threads. */
const REPORTS = [
  ...ENDLESS_REPORTS,
  `SELECT count(*) FROM (SELECT DISTINCT md5(range::VARCHAR) FROM range(20000000))`,
  `SELECT a.range FROM range(30000000) a JOIN (SELECT hash(range) % 30000000 AS h FROM range(30000000)) b
     ON a.range = b.h`,
  `SELECT range, row_number() OVER (ORDER BY hash(range)) FROM range(30000000)`,
  `SELECT max(length(s)) FROM (SELECT string_agg(range::VARCHAR) AS s FROM range(30000000)
     GROUP BY range % 3)`,
  `FROM t1 a, t2 b, t3 c SELECT list(a.id + b.v + c.v)`,
];

test('reports that want all there is, for a minute: replication goes on', async (t) => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  for (let at = 1; at <= TABLES; at++) {
    await source.run(
      `CREATE TABLE t${at} (id INT AUTO_INCREMENT PRIMARY KEY, v INT NOT NULL, w VARCHAR(200))`,
      `INSERT INTO t${at} (v, w) VALUES ${Array.from({ length: 500 }, (_, n) => `(${n}, 'w')`).join()}`,
    );
  }
  await using service = await RunningService.start(source, folder.file('r.duckdb'), {
    variables: {
      HTTP_ENABLED: 'true',
      HTTP_PORT: '0',
      QUERY_TIMEOUT_MS: '6000',
      QUERY_MEMORY_LIMIT: '32MB',
      QUERY_TEMP_LIMIT: '200MB',
      DUCKDB_MEMORY_LIMIT: '128MB',
    },
  });
  const url = await saidUrl(service);
  const ends = new Map<number, number>();
  const deadline = Date.now() + STORM_MS;
  const ask = async (from: number): Promise<void> => {
    for (let at = from; Date.now() < deadline; at++) {
      const report = REPORTS[at % REPORTS.length];
      const reply = await postQuery(url, report).catch(async (error: unknown) => {
        await service.until('answers a query', () => false);
        throw error;
      });
      // What breaks off amid its rows has begun as an answer.
      const answer = await reply.text().catch(() => '');
      assert.notEqual(reply.status, 500, `${answer} ${service.said}`);
      ends.set(reply.status, (ends.get(reply.status) ?? 0) + 1);
    }
  };
  const storm = Promise.all([0, 2, 4, 6].map(ask));
  let worstLag = 0;
  let changes = 0;
  while (Date.now() < deadline) {
    const at = 1 + (changes % TABLES);
    const next = 1 + ((changes + 1) % TABLES);
    await source.run(
      'START TRANSACTION',
      `INSERT INTO t${at} (v, w) SELECT id, REPEAT('x', id % 200) FROM t${next} LIMIT 300`,
      `UPDATE t${next} SET v = v + 1 WHERE id % 7 = ${changes % 7}`,
      `DELETE FROM t${at} WHERE id % 11 = ${changes % 11}`,
      'COMMIT',
    );
    changes++;
    const lag = (await service.status())?.cdc?.lagSeconds ?? 0;
    worstLag = Math.max(worstLag, lag);
  }
  await storm;
  await service.caughtUp();
  for (let at = 1; at <= TABLES; at++) {
    const sums = `count(*), sum(id), sum(v), sum(length(w))`;
    const [expected] = await source.texts(`SELECT ${sums} FROM t${at}`);
    const [found] = await service.query(`SELECT ${sums} FROM t${at}`);
    assert.deepEqual(found.map(String), expected);
  }
  const said = JSON.stringify([...ends]);
  t.diagnostic(`${changes} transactions, worst lag ${worstLag} s, replies by status ${said}`);
  assert.ok(worstLag < 15, `${worstLag} s: ${service.said}`);
  const peak = await service.peakRssBytes();
  // What the service had before, twice what is lent, 512 MB of slack, and the room of a COMMIT.
  assert.ok(peak === null || peak < 1.4e9, `${peak ?? 0} bytes`);
  await service.stop();
});
