import assert from 'node:assert/strict';
import test from 'node:test';
import { DucktailError } from '../../src/common/errors.js';
import { LiveReader } from '../../src/target/live-reader.js';
import { queryBesideWriter } from '../../src/target/live-query.js';
import { checkpoint } from '../../src/target/maintenance.js';
import { TempDatabase } from './temp-database.js';

test('a query that is given up amid its rows leaves no transaction behind', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await database.run('CREATE TABLE t AS SELECT range AS id FROM range(10000)');
  const controller = new AbortController();
  let reading: Promise<void> = Promise.resolve();
  await new Promise<void>((begun) => {
    const sink = {
      columns: () => undefined,
      rows: () => {
        begun();
        return new Promise<void>(() => undefined);
      },
    };
    reading = queryBesideWriter(database, 'FROM t, range(100000)', sink, controller.signal);
  });
  await database.run('ALTER TABLE t ADD COLUMN v INTEGER');
  assert.equal(await checkpoint(database, 1), false);
  controller.abort(new DucktailError('aborted', 'the client went away'));
  await assert.rejects(reading, { code: 'aborted' });
  assert.equal(await checkpoint(database, 1), true);
});

test('a file that is closed waits for what readers are at, and ends it', async () => {
  const answers: Promise<unknown>[] = [];
  // Where it does not, DuckDB uses memory that is freed: soon, though not every time.
  for (let round = 0; round < 20; round++) {
    await using temp = await TempDatabase.open();
    const { database } = temp;
    const { signal } = new AbortController();
    const long = LiveReader.use(database, signal, (reader) =>
      reader.rows('SELECT count(*) FROM range(10000000000000)'),
    );
    answers.push(assert.rejects(long, { code: 'aborted' }));
    await new Promise<void>((answered) => {
      const short = LiveReader.use(database, signal, (reader) =>
        reader.rows('SELECT 1').finally(answered),
      );
      answers.push(short);
    });
  }
  await Promise.all(answers);
});

test('a result of which a late row can not be made is an error, not the rows before it', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  const sql = `SELECT CASE WHEN range = 250000 THEN error('no') ELSE range || repeat('x', 100) END
                 FROM range(300000)`;
  let rows = 0;
  const sink = {
    columns: () => undefined,
    rows: (found: readonly unknown[]) => {
      rows += found.length;
    },
  };
  const { signal } = new AbortController();
  const failed = {
    code: 'query-failed',
    message: 'the query failed amid its rows, which are not whole',
  };
  await assert.rejects(queryBesideWriter(database, sql, sink, signal), failed);
  assert.ok(rows > 0 && rows < 250_000, `${rows} rows`);
  const read = LiveReader.use(database, signal, async (reader) => {
    for await (const found of (await reader.query(sql, [])).rows()) rows += found.length;
  });
  await assert.rejects(read, failed);
});

test('what a reader asks once more is answered as of now', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await database.run('CREATE TABLE t AS SELECT range AS id FROM range(10)');
  const count = (): Promise<unknown> =>
    LiveReader.use(database, new AbortController().signal, (reader) =>
      reader.rows('SELECT count(*)::INTEGER AS n FROM t WHERE id = 50'),
    );
  assert.deepEqual(await count(), [{ n: 0 }]);
  await database.run('INSERT INTO t VALUES (50)');
  assert.deepEqual(await count(), [{ n: 1 }]);
});

test('a query that is given up while its connection is opened does not begin', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  const endless = 'SELECT count(*) FROM range(10000000000000)';
  const sink = { columns: () => undefined, rows: () => undefined };
  const abort = (): AbortSignal => {
    const controller = new AbortController();
    queueMicrotask(() => controller.abort(new DucktailError('aborted', 'the client went away')));
    return controller.signal;
  };
  await assert.rejects(queryBesideWriter(database, endless, sink, abort()), { code: 'aborted' });
  const used = LiveReader.use(database, abort(), (reader) => reader.rows(endless));
  await assert.rejects(used, { code: 'aborted' });
});
