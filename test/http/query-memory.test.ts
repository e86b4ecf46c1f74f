import assert from 'node:assert/strict';
import test from 'node:test';
import { ServedReplica } from './support/served-replica.js';

const LOOK_MS = 10;
/** Of the test's own process, whose memory is the service's here. */
const MOST_BYTES = 2.5e9;

/** What the process takes at most until it is disposed of. */
class PeakMemory implements Disposable {
  bytes = 0;
  private readonly timer = setInterval(() => this.look(), LOOK_MS);

  look(): void {
    this.bytes = Math.max(this.bytes, process.memoryUsage.rss());
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
  }
}

test('a query is ended that takes memory which DuckDB does not count', async () => {
  await using replica = await ServedReplica.open();
  using peak = new PeakMemory();
  // 14 KB for each group, which DuckDB does not count: without a watch this takes 5.4 GB.
  const reply = await replica.post('/api/query', {
    query: `SELECT max(q) FROM (SELECT approx_quantile(range, 0.5) AS q
                                  FROM range(400000) GROUP BY range)`,
  });
  assert.equal(reply.status, 422);
  assert.match(await reply.text(), /queries took more memory than they may/);
  assert.ok(peak.bytes < MOST_BYTES, `${Math.round(peak.bytes / 1e6)} MB`);
  // What that one has freed is not held against another one.
  const [{ n }] = await replica.rows(
    'SELECT count(DISTINCT range)::INTEGER AS n FROM range(100000)',
  );
  assert.equal(n, 100_000);
});

test('queries that use all the memory they may, and appends beside them, are not ended', async () => {
  await using replica = await ServedReplica.open();
  const { database } = replica;
  await database.run(
    `CREATE TABLE big AS SELECT range AS id, hash(range)::VARCHAR AS a, md5(range::VARCHAR) AS b
       FROM range(1000000)`,
  );
  await database.run('CREATE TABLE own (id INTEGER, a VARCHAR)');
  const queries = [
    'SELECT count(*)::INTEGER AS n FROM (SELECT a, b FROM big GROUP BY a, b)',
    'SELECT max(n)::INTEGER AS n FROM (SELECT row_number() OVER (ORDER BY b) AS n FROM big)',
    'SELECT count(*)::INTEGER AS n FROM big x JOIN big y USING (a)',
  ];
  const rows = Array.from({ length: 100_000 }, (_, id) => `[${id},"${'x'.repeat(50)}"]\n`).join('');
  for (let round = 0; round < 2; round++) {
    const append = fetch(`${replica.url}/api/append/own`, {
      method: 'POST',
      headers: { authorization: 'Bearer writer', 'content-type': 'application/x-ndjson' },
      body: rows,
    });
    // Texts of 300 MB in all at a time, which DuckDB gives back when their query ends.
    const texts = replica.rows(
      "SELECT max(length(repeat('x', 150000 + range::INTEGER)))::INTEGER AS n FROM range(3000)",
    );
    const answers = await Promise.all(queries.map((query) => replica.rows(query)));
    for (const answer of answers) assert.deepEqual(answer, [{ n: 1_000_000 }]);
    assert.deepEqual(await texts, [{ n: 152_999 }]);
    assert.deepEqual(await (await append).json(), { rowsAppended: 100_000, error: null });
  }
});
