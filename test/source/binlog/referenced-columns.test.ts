import assert from 'node:assert/strict';
import test from 'node:test';
import { CHANGE_BEFORE, CHANGE_DELETE, CHANGE_UPSERT } from '../../../src/model/change-plan.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { ChangedSource } from './decoded-changes.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
const [DELETE, BEFORE, UPSERT] = [CHANGE_DELETE, CHANGE_BEFORE, CHANGE_UPSERT].map(
  (op) => `0${op}`,
);

for (const flavour of FLAVOURS) {
  test(`${flavour}: changes of referenced columns come with what they were`, async () => {
    await using source = await TestSource.open(flavour);
    await using changed = await ChangedSource.open(source);
    await source.run(
      'CREATE TABLE t (id TINYINT PRIMARY KEY, v TINYINT, code TINYINT)',
      'INSERT INTO t VALUES (1, 1, 1), (2, 2, NULL), (3, 3, 3), (4, 4, 4)',
    );
    await changed.skip();
    const events = await changed.eventsOf(
      'UPDATE t SET v = 9 WHERE id = 1',
      'UPDATE t SET code = 5 WHERE id = 1',
      'UPDATE t SET id = 7 WHERE id = 2',
      'DELETE FROM t WHERE id = 3',
      'INSERT INTO t VALUES (8, 8, 8)',
    );
    const plan = await changed.plan('t');
    const rows = (referenced: readonly string[]): unknown[] =>
      changed.decode(plan, events, referenced).rows.map((row) => row.slice(0, -1));
    assert.deepEqual(rows(['code']), [
      ['01', '09', '01', UPSERT],
      ['01', null, '01', BEFORE],
      ['01', '09', '05', UPSERT],
      ['02', null, null, BEFORE],
      ['07', '02', null, UPSERT],
      ['03', null, '03', DELETE],
      ['08', '08', '08', UPSERT],
    ]);
    assert.deepEqual(rows([]), [
      ['01', '09', '01', UPSERT],
      ['01', '09', '05', UPSERT],
      ['02', null, null, DELETE],
      ['07', '02', null, UPSERT],
      ['03', null, null, DELETE],
      ['08', '08', '08', UPSERT],
    ]);
  });

  test(`${flavour}: without a key every image is whole, and an update is no deletion`, async () => {
    await using source = await TestSource.open(flavour);
    await using changed = await ChangedSource.open(source);
    await source.run('CREATE TABLE t (v TINYINT, code TINYINT)', 'INSERT INTO t VALUES (1, 1)');
    await changed.skip();
    const events = await changed.eventsOf('UPDATE t SET v = 2', 'DELETE FROM t');
    const { rows } = changed.decode(await changed.plan('t'), events, ['code']);
    assert.deepEqual(
      rows.map((row) => row.slice(0, -1)),
      [
        ['01', '01', BEFORE],
        ['02', '01', UPSERT],
        ['02', '01', DELETE],
      ],
    );
  });
}
