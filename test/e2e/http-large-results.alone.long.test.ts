import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { addCountedRow, changeMeanwhile } from './support/counted-changes.js';
import { postQuery } from './support/post-query.js';
import { RunningService } from './support/running-service.js';
import { saidUrl } from './support/watched-service.js';

/** Each of them stood in the way of everything else for 20 to 90 seconds, or ended the service. */
const LARGE = [
  `SELECT repeat('x', 1000000) AS t FROM range(300)`,
  'SELECT range(100000) AS l FROM range(100)',
  `SELECT list(range || 'x') AS l FROM range(200000)`,
  `SELECT repeat('\\xFF'::BLOB, 1000000) AS b FROM range(30)`,
];
const FORMATS = ['application/json', 'text/csv', 'application/vnd.apache.arrow.stream'];

test('results of large values hold up CDC for moments', { timeout: 230_000 }, async (t) => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await addCountedRow(source);
  await using service = await RunningService.start(source, folder.file('r.duckdb'), {
    variables: { HTTP_ENABLED: 'true', HTTP_PORT: '0', QUERY_TIMEOUT_MS: '120000' },
  });
  const url = await saidUrl(service);
  const answers = (async () => {
    for (const query of LARGE) {
      for (const accept of FORMATS) {
        const reply = await postQuery(url, query, { accept });
        assert.equal(reply.status, 200, `${query} as ${accept}`);
        for await (const _piece of reply.body!);
      }
    }
  })();
  const { changes, worstLagSeconds } = await changeMeanwhile(source, service, answers);
  await service.caughtUp();
  assert.deepEqual(await service.query('SELECT v FROM t'), [[changes]]);
  assert.ok(worstLagSeconds < 8, `${worstLagSeconds} s`);
  const peak = await service.peakRssBytes();
  assert.ok(peak === null || peak < 2e9, `${peak ?? 0} bytes`);
  t.diagnostic(`${changes} changes, worst lag ${worstLagSeconds} s, peak ${(peak ?? 0) / 1e6} MB`);
  await service.stop();
});
