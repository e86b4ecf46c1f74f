import assert from 'node:assert/strict';
import test from 'node:test';
import { DucktailError } from '../../src/common/errors.js';
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
