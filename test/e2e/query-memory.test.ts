import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { RunningService } from './support/running-service.js';

/** One value of 480 MB, which takes 5 GB and seconds to make, in which nothing can stop DuckDB. */
const GIANT = 'SELECT length(range(60000000)) AS giant';

test('a service that a query takes the last memory of ends itself, and goes on when started again', async (t) => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await source.run(
    'CREATE TABLE notes (id INT PRIMARY KEY, n INT)',
    'INSERT INTO notes VALUES (1, 1)',
  );
  const variables = { MAX_CONCURRENT_QUERIES: '1', QUERY_MEMORY_LIMIT: '32MB' };
  await using service = await RunningService.launch(source, folder.file('r.duckdb'), {
    variables,
    plan: { point: 'nowhere', action: 'fail', availableBytes: 100e6 },
  });
  await service.streaming();
  // Little memory alone is no reason.
  assert.deepEqual(await service.query('SELECT n FROM notes'), [[1]]);
  const giant = service.query(GIANT).catch((error: unknown) => error);
  let isRunning = true;
  const ending = service.end().finally(() => (isRunning = false));
  for (let n = 2; isRunning; n++) await source.run(`INSERT INTO notes VALUES (${n}, ${n})`);
  const { signal, stderr } = await ending;
  assert.equal(signal, 'SIGKILL', stderr);
  assert.ok((await giant) instanceof Error);
  const [line] = stderr.split('\n').filter((text) => text.includes('ending at once'));
  const last = JSON.parse(line) as { level: number; queries: string[]; hint: string; msg: string };
  t.diagnostic(last.msg);
  assert.deepEqual(last.queries, [GIANT]);
  assert.equal(last.level, 60);
  assert.match(last.hint, /Nothing is lost/);
  await service.start();
  await service.caughtUp();
  const [[count]] = await source.texts('SELECT count(*) FROM notes');
  assert.deepEqual(await service.query('SELECT count(*)::INTEGER FROM notes'), [[Number(count)]]);
});
