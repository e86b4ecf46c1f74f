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

test('a query that fails amid its rows does not end as a whole one', async () => {
  await using temp = await TempDatabase.open();
  const { signal } = new AbortController();
  let rows = 0;
  const sink = {
    columns: () => undefined,
    rows: (more: readonly unknown[]) => void (rows += more.length),
  };
  const late = `SELECT CASE WHEN range = 250000 THEN error('late') ELSE range END FROM range(300000)`;
  await assert.rejects(queryBesideWriter(temp.database, late, sink, signal), /amid its rows/);
  assert.ok(rows > 0);
});
