import assert from 'node:assert/strict';
import test from 'node:test';
import type { CascadeCounts } from '../../src/cdc/cascades.js';
import type { TablePlan } from '../../src/model/column-plan.js';
import type { ForeignKey } from '../../src/model/foreign-key.js';
import { tableOf } from '../batch/built-column.js';
import type { Change } from '../target/change-batches.js';
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

const DATED = named('children', tableOf(['int', 'int', 'date'], [0]));

async function recordedKeys(replica: AppliedReplica): Promise<unknown[]> {
  const rows = await replica.rows(
    'SELECT row_key::VARCHAR AS row_key FROM _ducktail.rejected_values ORDER BY ALL',
  );
  return rows.map(({ row_key }) => row_key);
}

/** Parents 1 to 3, and a child of each whose date is rejected. */
async function withRejections(children: TablePlan): Promise<AppliedReplica> {
  const replica = await AppliedReplica.open([PLANS[0], children]);
  const numbers = [1, 2, 3];
  await replica.stage(
    1,
    numbers.map((n) => ['+', n, n]),
  );
  await replica.stage(
    2,
    numbers.map((n) => ['+', n * 10, n, '0000-00-00']),
  );
  await replica.commit();
  return replica;
}

function staleOf(counts: ReadonlyMap<string, CascadeCounts>): string[] {
  return [...(counts.get('children')?.staleColumns ?? [])];
}

test('rejected values go with the child rows that a cascade deletes', async () => {
  await using replica = await withRejections(DATED);
  await replica.stage(1, [['-', 2]]);
  const rows = { table: 1, fromSeq: 3, ahead: [] };
  assert.deepEqual(staleOf(await replica.applier.cascade(rows, [key('cascade')])), []);
  await replica.applier.discard();
  assert.equal((await recordedKeys(replica)).length, 3);
  await replica.stage(1, [['-', 3]]);
  await replica.applier.cascade({ ...rows, fromSeq: 4 }, [key('cascade')]);
  await replica.commit();
  assert.deepEqual(await recordedKeys(replica), ['["10"]', '["20"]']);
  // What is known of the record is right still.
  await replica.stage(2, [['-', 10]]);
  await replica.commit();
  assert.deepEqual(await recordedKeys(replica), ['["20"]']);
});

test('rejected values stay with the child rows of which a cascade changes something else', async () => {
  await using replica = await withRejections(DATED);
  await replica.stage(1, [['-', 2]]);
  const counts = await replica.applier.cascade({ table: 1, fromSeq: 3, ahead: [] }, [
    key('set-null'),
  ]);
  await replica.commit();
  assert.deepEqual(staleOf(counts), []);
  assert.deepEqual(await recordedKeys(replica), ['["10"]', '["20"]', '["30"]']);
});

test('a child table whose rejected values can no longer be told is told as stale', async () => {
  const cases: readonly [children: TablePlan, change: Change[], stale: string[]][] = [
    // A row without a key: its NULL may have been one.
    [named('children', tableOf(['int', 'int', 'date'])), [['-', 2]], [DATED.columns[2].name]],
    // The record is found by the key that changes with the parent's.
    [
      named('children', tableOf(['int', 'int', 'date'], [0, 1])),
      [
        ['~', 2],
        ['+', 20, 2],
      ],
      [REFERRING],
    ],
  ];
  for (const [children, changes, stale] of cases) {
    await using replica = await withRejections(children);
    await replica.stage(1, changes);
    const counts = await replica.applier.cascade({ table: 1, fromSeq: 3, ahead: [] }, [
      key('cascade'),
    ]);
    assert.deepEqual(staleOf(counts), stale);
    await replica.commit();
  }
});
