import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { TablePlan } from '../../src/model/column-plan.js';
import { type AppliedRows, ChangeStage } from '../../src/target/change-stage.js';
import type { Database } from '../../src/target/database.js';
import { createTable } from '../../src/target/ddl.js';
import { tableOf } from '../batch/built-column.js';
import { type Change, ChangeBatches } from './change-batches.js';
import { TempDatabase } from './temp-database.js';

/** A replica's table `t` and its stage. */
class Staged implements AsyncDisposable {
  private constructor(
    private readonly temp: TempDatabase,
    readonly stage: ChangeStage,
    readonly batches: ChangeBatches,
  ) {}

  static async open(plan: TablePlan): Promise<Staged> {
    const temp = await TempDatabase.open();
    await createTable(temp.database, 'main', 't', plan.columns);
    const stage = await ChangeStage.open(temp.database, 'main', plan);
    return new Staged(temp, stage, new ChangeBatches(plan));
  }

  get database(): Database {
    return this.temp.database;
  }

  append(changes: readonly Change[], rowsPerBatch?: number): void {
    for (const batch of this.batches.of(changes, rowsPerBatch)) this.stage.append(batch);
  }

  /** The changes in a transaction of their own; the stage is empty afterwards. */
  async apply(changes: readonly Change[], rowsPerBatch?: number): Promise<AppliedRows> {
    this.append(changes, rowsPerBatch);
    this.stage.flush();
    const applied = await this.database.transaction(() => this.stage.apply());
    await this.stage.clear(false);
    return applied;
  }

  /** All rows in an order of their own, as arrays. */
  async rows(): Promise<unknown[][]> {
    const rows = await this.database.rows('FROM t ORDER BY ALL');
    return rows.map((row) => Object.values(row));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stage[Symbol.asyncDispose]();
    await this.temp[Symbol.asyncDispose]();
  }
}

const KEYED = tableOf(['int', 'varchar(50)'], [0]);

test('changes are applied by key: the last image wins', async () => {
  await using staged = await Staged.open(KEYED);
  assert.deepEqual(await staged.apply([]), { inserted: 0, updated: 0, deleted: 0 });
  assert.deepEqual(
    await staged.apply([
      ['+', 1, 'a'],
      ['+', 2, 'b'],
      ['+', 3, null],
    ]),
    { inserted: 3, updated: 0, deleted: 0 },
  );
  assert.deepEqual(
    await staged.apply([
      ['+', 2, 'first'],
      ['+', 2, 'a text that is not inline'],
      ['-', 3],
      ['+', 4, 'd'],
    ]),
    { inserted: 1, updated: 1, deleted: 1 },
  );
  assert.deepEqual(await staged.rows(), [
    [1, 'a'],
    [2, 'a text that is not inline'],
    [4, 'd'],
  ]);
});

const ORDERS: readonly {
  readonly what: string;
  readonly changes: readonly Change[];
  readonly rows: readonly unknown[];
  readonly applied: AppliedRows;
}[] = [
  {
    what: 'keys that are swapped',
    changes: [
      ['-', 1],
      ['+', 9, 'a'],
      ['-', 2],
      ['+', 1, 'b'],
      ['-', 9],
      ['+', 2, 'a'],
    ],
    rows: [
      [1, 'b'],
      [2, 'a'],
    ],
    applied: { inserted: 0, updated: 2, deleted: 0 },
  },
  {
    what: 'a delete, then an insert',
    changes: [
      ['-', 1],
      ['+', 1, 'again'],
    ],
    rows: [
      [1, 'again'],
      [2, 'b'],
    ],
    applied: { inserted: 0, updated: 1, deleted: 0 },
  },
  {
    what: 'an insert, then a delete',
    changes: [
      ['+', 3, 'c'],
      ['-', 3],
    ],
    rows: [
      [1, 'a'],
      [2, 'b'],
    ],
    applied: { inserted: 0, updated: 0, deleted: 0 },
  },
  {
    what: 'an update, then a delete',
    changes: [
      ['+', 2, 'c'],
      ['-', 2],
    ],
    rows: [[1, 'a']],
    applied: { inserted: 0, updated: 0, deleted: 1 },
  },
  {
    what: 'a range that moves',
    changes: [
      ['-', 2],
      ['+', 3, 'b'],
      ['-', 1],
      ['+', 2, 'a'],
    ],
    rows: [
      [2, 'a'],
      [3, 'b'],
    ],
    applied: { inserted: 1, updated: 1, deleted: 1 },
  },
];

for (const { what, changes, rows, applied } of ORDERS) {
  test(`${what} within a stage, once and twice`, async () => {
    await using staged = await Staged.open(KEYED);
    await staged.apply([
      ['+', 1, 'a'],
      ['+', 2, 'b'],
    ]);
    assert.deepEqual(await staged.apply(changes), applied);
    assert.deepEqual(await staged.rows(), rows);
    const again = await staged.apply(changes);
    assert.equal(again.inserted, again.deleted);
    assert.deepEqual(await staged.rows(), rows);
  });
}

test('keys of several columns and types are compared as they are stored', async () => {
  await using staged = await Staged.open(
    tableOf(['varchar(30)', 'int', 'varbinary(30)', 'double'], [2, 0, 3]),
  );
  const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
  await staged.apply([
    ['+', 'a', 1, bytes('\x00\xff'), 0.1],
    ['+', 'A', 2, bytes('\x00\xff'), 0.1],
    ['+', 'a ', 3, bytes('\x00\xff'), 0.1],
    ['+', 'a', 4, bytes('\x00'), 0.1],
    ['+', 'a', 5, bytes('\x00\xff'), 0.2],
    ['+', 'a key that is too long to be inline', 6, bytes('\x00'.repeat(20)), 0.1],
  ]);
  await staged.apply([
    ['-', bytes('\x00\xff'), 'A', 0.1],
    ['+', 'a', 10, bytes('\x00\xff'), 0.1],
    ['-', bytes('\x00'.repeat(20)), 'a key that is too long to be inline', 0.1],
    ['-', bytes('\x00'.repeat(21)), 'a', 0.1],
  ]);
  assert.deepEqual((await staged.rows()).map((row) => row[1]).sort(), [10, 3, 4, 5]);
});

test('a key value that is NULL in the replica is one like any other', async () => {
  await using staged = await Staged.open(tableOf(['int', 'date', 'int'], [0, 1]));
  await staged.apply([
    ['+', 1, '0000-00-00', 1],
    ['+', 1, '2024-01-01', 2],
    ['+', 2, '0000-00-00', 3],
  ]);
  const applied = await staged.apply([
    ['+', 1, '0000-00-00', 10],
    ['+', 1, '0000-00-00', 11],
    ['-', 2, '0000-00-00'],
  ]);
  assert.deepEqual(applied, { inserted: 0, updated: 1, deleted: 1 });
  assert.deepEqual(await staged.rows(), [
    [1, '2024-01-01', 2],
    [1, null, 11],
  ]);
});

const KEYLESS = tableOf(['int', 'varchar(50)', 'double', 'geometry', 'date']);
const POINT = Buffer.from('00000000010100000000000000000000000000000000000000', 'hex');

test('without a key exactly as many rows go as were deleted', async () => {
  await using staged = await Staged.open(KEYLESS);
  const row = [1, 'a', 0, POINT, '2024-01-01'] as const;
  const nulls = [null, null, null, null, null] as const;
  assert.deepEqual(
    await staged.apply([
      ['+', ...row],
      ['+', ...row],
      ['+', ...row],
      ['+', 1, 'a', -0, POINT, '2024-01-01'],
      ['+', ...nulls],
      ['+', ...nulls],
    ]),
    { inserted: 6, updated: 0, deleted: 0 },
  );
  assert.deepEqual(
    await staged.apply([
      ['-', ...row],
      ['+', 2, 'b', null, null, null],
      ['-', ...row],
      ['+', ...row],
      ['-', ...row],
      ['-', ...nulls],
      ['-', 1, 'a', -0, POINT, '2024-01-01'],
    ]),
    { inserted: 1, updated: 0, deleted: 4 },
  );
  const rows = await staged.database.rows(
    'SELECT c0, c1, c2::VARCHAR AS c2, ST_AsText(c3) AS c3, c4::VARCHAR AS c4 FROM t ORDER BY ALL',
  );
  assert.deepEqual(
    rows.map((values) => Object.values(values)),
    [
      [1, 'a', '0.0', 'POINT (0 0)', '2024-01-01'],
      [2, 'b', null, null, null],
      [null, null, null, null, null],
    ],
  );
});

test('a deleted row that is not there makes the table fail', async () => {
  await using staged = await Staged.open(KEYLESS);
  await staged.apply([['+', 1, 'a', 1, null, null]]);
  const missing: Change[] = [
    ['-', 1, 'a', 1, null, null],
    ['-', 1, 'a', 1, null, null],
  ];
  await assert.rejects(staged.apply(missing), { code: 'table-failed', table: 't' });
  assert.equal((await staged.rows()).length, 1);
});

test('several portions in one transaction are one after the other', async () => {
  await using staged = await Staged.open(KEYED);
  const { stage, database } = staged;
  await staged.apply([['+', 1, 'before']]);
  const portions: Change[][] = [
    Array.from({ length: 5000 }, (_, id) => ['+', id, `first ${id}`] as const),
    [['-', 1], ...Array.from({ length: 2500 }, (_, at) => ['+', 2 * at + 2, 'second'] as const)],
    [['+', 1, 'third']],
  ];
  const run = async (): Promise<void> => {
    for (const portion of portions) {
      staged.append(portion);
      stage.flush();
      await stage.apply();
      await stage.clear(true);
    }
  };
  await assert.rejects(
    database.transaction(async () => {
      await run();
      throw new Error('stop');
    }),
    /stop/,
  );
  await stage.reset();
  assert.deepEqual(await staged.rows(), [[1, 'before']]);
  await database.transaction(run);
  assert.deepEqual(
    await database.rows(
      `SELECT count(*)::INTEGER AS n, count(DISTINCT c0)::INTEGER AS ids,
              count(*) FILTER (c1 = 'second')::INTEGER AS second,
              any_value(c1) FILTER (c0 = 1) AS one FROM t`,
    ),
    [{ n: 5001, ids: 5001, second: 2500, one: 'third' }],
  );
});

test('what is staged stays for another try after a rollback', async () => {
  await using staged = await Staged.open(KEYED);
  staged.append([['+', 1, 'a']]);
  staged.stage.flush();
  const failing = staged.database.transaction(async () => {
    await staged.stage.apply();
    throw new Error('stop');
  });
  await assert.rejects(failing, /stop/);
  assert.deepEqual(await staged.apply([['+', 2, 'b']]), { inserted: 2, updated: 0, deleted: 0 });
  assert.equal((await staged.rows()).length, 2);
});

const SIZES = { numRuns: 25 };

test('random changes by key in random cuts give what a map has', async () => {
  await using staged = await Staged.open(KEYED);
  const change = fc.record({ key: fc.nat(8), value: fc.option(fc.string({ maxLength: 20 })) });
  const stages = fc.array(fc.array(change, { maxLength: 30 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(stages, fc.integer({ min: 1, max: 9 }), async (cuts, rowsPerBatch) => {
      await staged.database.run('DELETE FROM t');
      const model = new Map<number, string>();
      for (const cut of cuts) {
        const before = model.size;
        const changes = cut.map(({ key, value }): Change => {
          if (value === null) model.delete(key);
          else model.set(key, value);
          return value === null ? ['-', key] : ['+', key, value];
        });
        const { inserted, deleted } = await staged.apply(changes, rowsPerBatch);
        assert.equal(inserted - deleted, model.size - before);
      }
      const expected = [...model].sort(([a], [b]) => a - b);
      assert.deepEqual(await staged.rows(), expected);
    }),
    SIZES,
  );
});

test('random changes without a key in random cuts give what a bag has', async () => {
  await using staged = await Staged.open(tableOf(['int', 'varchar(50)']));
  const row = fc.tuple(fc.option(fc.nat(2)), fc.option(fc.constantFrom('a', 'b')));
  const steps = fc.array(fc.tuple(row, fc.boolean()), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 5 }), async (cuts) => {
      await staged.database.run('DELETE FROM t');
      const bag: string[] = [];
      for (const cut of cuts) {
        const changes: Change[] = [];
        for (const [values, come] of cut) {
          const at = bag.indexOf(JSON.stringify(values));
          if (!come && at === -1) continue;
          if (come) bag.push(JSON.stringify(values));
          else bag.splice(at, 1);
          changes.push([come ? '+' : '-', ...values]);
        }
        await staged.apply(changes, 7);
      }
      const rows = (await staged.rows()).map((values) => JSON.stringify(values));
      assert.deepEqual(rows.sort(), bag.sort());
    }),
    SIZES,
  );
});
