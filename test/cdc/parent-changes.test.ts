import assert from 'node:assert/strict';
import test from 'node:test';
import type { ForeignKey } from '../../src/model/foreign-key.js';
import { tableOf } from '../batch/built-column.js';
import { AppliedReplica, named } from './applied-replica.js';

const PLANS = [
  named('parents', tableOf(['int', 'int'], [0])),
  named('children', tableOf(['int', 'int'], [0])),
];
const [REFERENCED, REFERRING] = [PLANS[0].columns[0].name, PLANS[1].columns[1].name];

function key(onDelete: ForeignKey['onDelete']): ForeignKey {
  return {
    name: 'fk',
    childTable: 'children',
    parentDatabase: 'source',
    parentTable: 'parents',
    columns: [{ child: REFERRING, parent: REFERENCED, collation: null }],
    onDelete,
    onUpdate: 'cascade',
    derivedColumns: [],
  };
}

async function withFamilies(): Promise<AppliedReplica> {
  const replica = await AppliedReplica.open(PLANS);
  const numbers = [1, 2, 3];
  await replica.stage(
    1,
    numbers.map((n) => ['+', n, n]),
  );
  await replica.stage(
    2,
    numbers.map((n) => ['+', n * 10, n]),
  );
  await replica.commit();
  return replica;
}

test('what is staged counts before the cascades, and only later rows have consequences', async () => {
  await using replica = await withFamilies();
  await replica.stage(2, [['+', 11, 2]]);
  // The first was deleted without checks.
  await replica.stage(1, [
    ['-', 1],
    ['-', 2],
  ]);
  const counts = await replica.applier.cascade({ table: 1, fromSeq: 4, ahead: [] }, [
    key('cascade'),
  ]);
  assert.deepEqual(
    [...counts].map(([table, { deleted, updated }]) => [table, deleted, updated]),
    [['children', 2, 0]],
  );
  await replica.stage(2, [['+', 20, 3]]);
  const { applied } = await replica.commit();
  assert.deepEqual(applied.get(2), { inserted: 2, updated: 0, deleted: 2 });
  assert.deepEqual(await replica.table(1), [[3, 3]]);
  assert.deepEqual(await replica.table(2), [
    [10, 1],
    [20, 3],
    [30, 3],
  ]);
  const [{ n }] = await replica.rows(
    "SELECT row_count AS n FROM _ducktail.tables WHERE table_name = 'children'",
  );
  assert.equal(Number(n), 3);
});

test('updates go at once or, where they follow each other, one by one', async () => {
  await using replica = await withFamilies();
  const cascade = (fromSeq: number): Promise<unknown> =>
    replica.applier.cascade({ table: 1, fromSeq, ahead: [] }, [key('set-null')]);
  // Shifted upwards from the last one: nobody moves twice.
  await replica.stage(1, [
    ['~', 3],
    ['+', 4, 3],
    ['~', 2],
    ['+', 3, 2],
  ]);
  await cascade(3);
  await replica.commit();
  assert.deepEqual(await replica.table(2), [
    [10, 1],
    [20, 3],
    [30, 4],
  ]);
  await replica.stage(1, [
    ['~', 1],
    ['+', 7, 1],
    ['~', 7],
    ['+', 8, 1],
  ]);
  await cascade(7);
  await replica.stage(1, [['-', 4]]);
  await cascade(11);
  await replica.applier.discard();
  assert.deepEqual((await replica.table(2))[0], [10, 1]);
  await replica.stage(1, [
    ['~', 1],
    ['+', 7, 1],
    ['~', 7],
    ['+', 8, 1],
  ]);
  await cascade(12);
  await replica.stage(1, [['-', 4]]);
  await cascade(16);
  await replica.commit();
  assert.deepEqual(await replica.table(2), [
    [10, 8],
    [20, 3],
    [30, null],
  ]);
});
