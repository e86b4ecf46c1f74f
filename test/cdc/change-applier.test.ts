import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import test from 'node:test';
import { queryBesideWriter } from '../../src/target/live-query.js';
import { checkpoint } from '../../src/target/maintenance.js';
import { WAL_LIMITS } from '../../src/target/wal-keeper.js';
import { readQuarantines } from '../../src/state/quarantine.js';
import { readStreamPosition } from '../../src/state/stream.js';
import { tableOf } from '../batch/built-column.js';
import type { Change } from '../target/change-batches.js';
import { AppliedReplica, named, positionOf } from './applied-replica.js';

const PLANS = [
  named('a', tableOf(['int', 'varchar(50)'], [0])),
  named('b', tableOf(['int', 'varchar(50)'])),
];

async function positionIn(replica: AppliedReplica): Promise<number | null> {
  const recorded = await readStreamPosition((sql) => replica.rows(sql), 'main');
  if (recorded === null) return null;
  const { checkpoint, sourceTimeMs, sourceIdentity } = recorded;
  assert.deepEqual({ checkpoint, sourceTimeMs }, positionOf(checkpoint.position));
  assert.equal(sourceIdentity, 'server-1');
  return checkpoint.position;
}

test('a commit takes all tables and the position', async () => {
  await using replica = await AppliedReplica.open(PLANS);
  assert.equal(await positionIn(replica), null);
  await replica.stage(1, [['+', 1, 'a']]);
  await replica.stage(2, [
    ['+', 1, 'a'],
    ['+', 1, 'a'],
  ]);
  const { applied, quarantined } = await replica.commit();
  assert.deepEqual(
    [...applied],
    [
      [1, { inserted: 1, updated: 0, deleted: 0 }],
      [2, { inserted: 2, updated: 0, deleted: 0 }],
    ],
  );
  assert.deepEqual(quarantined, []);
  assert.equal(await positionIn(replica), 1);
  assert.equal((await replica.commit()).applied.size, 0);
  assert.equal(await positionIn(replica), 2);
  assert.equal((await replica.rows('FROM _ducktail.stream')).length, 1);
  assert.deepEqual(await replica.table(1), [[1, 'a']]);
  assert.equal((await replica.table(2)).length, 2);
});

test('a position without GTIDs and without a time is kept as it is', async () => {
  await using replica = await AppliedReplica.open([]);
  const checkpoint = { gtidSet: null, file: 'binlog.000002', position: 4_294_967_296 };
  await replica.applier.commit({ checkpoint, sourceTimeMs: null });
  const recorded = await readStreamPosition((sql) => replica.rows(sql), 'main');
  assert.deepEqual(recorded?.checkpoint, checkpoint);
  assert.equal(recorded.sourceTimeMs, null);
  assert.ok(Math.abs(recorded.recordedAtMs - Date.now()) < 60_000);
});

for (const hook of ['beforeApply', 'beforeCommit', 'also'] as const) {
  test(`an error in ${hook} leaves nothing, and a later try applies all`, async () => {
    let isFailing = true;
    const fail = (): Promise<void> =>
      isFailing ? Promise.reject(new Error('stop')) : Promise.resolve();
    await using replica = await AppliedReplica.open(PLANS, { hooks: { [hook]: fail } });
    const also = hook === 'also' ? fail : undefined;
    const stage = async (): Promise<void> => {
      await replica.stage(1, [['+', 1, 'a']]);
      await replica.stage(2, [['+', 1, 'a']]);
    };
    await stage();
    await assert.rejects(replica.commit(also), /stop/);
    await replica.applier.discard();
    assert.deepEqual(await replica.table(1), []);
    assert.equal(await positionIn(replica), null);
    isFailing = false;
    await stage();
    await replica.commit(also);
    assert.deepEqual([await replica.table(1), await replica.table(2)], [[[1, 'a']], [[1, 'a']]]);
    assert.equal(await positionIn(replica), 2);
  });
}

test('what `also` does is committed with the position', async () => {
  await using replica = await AppliedReplica.open(PLANS);
  await replica.commit(() => replica.database.run('ALTER TABLE a ADD COLUMN c2 INTEGER'));
  await replica.stage(1, [['+', 1, 'a']]);
  await replica.commit();
  assert.deepEqual(await replica.table(1), [[1, 'a', null]]);
});

test('portions are committed together, or discarded', async () => {
  await using replica = await AppliedReplica.open(PLANS);
  const stage = async (): Promise<void> => {
    for (let portion = 0; portion < 4; portion++) {
      const ids = Array.from({ length: 3000 }, (_, at) => at + 1500 * portion);
      await replica.stage(
        1,
        ids.map((id) => ['+', id, `portion ${portion}`] as const),
      );
      await replica.stage(2, [['+', portion, null]]);
      await replica.applier.portion();
    }
    await replica.stage(2, [['-', 0, null]]);
  };
  await stage();
  await replica.applier.discard();
  assert.deepEqual(await replica.table(1), []);
  await stage();
  const { applied } = await replica.commit();
  assert.deepEqual(
    [...applied],
    [
      [2, { inserted: 4, updated: 0, deleted: 1 }],
      [1, { inserted: 7500, updated: 4500, deleted: 0 }],
    ],
  );
  assert.equal((await replica.table(1)).length, 7500);
  assert.equal((await replica.table(2)).length, 3);
  await replica.stage(1, [['-', 0]]);
  await replica.commit();
  assert.equal((await replica.table(1)).length, 7499);
});

test('a table that fails goes into quarantine, and the others are applied', async () => {
  await using replica = await AppliedReplica.open(PLANS);
  await replica.stage(1, [['+', 1, 'a']]);
  await replica.stage(2, [['-', 1, 'is not there']]);
  const { applied, quarantined } = await replica.commit();
  assert.deepEqual([...applied.keys()], [1]);
  assert.deepEqual(
    quarantined.map(({ id, error }) => [id, error.code]),
    [[2, 'table-failed']],
  );
  assert.deepEqual(await replica.table(1), [[1, 'a']]);
  assert.equal(await positionIn(replica), 1);
  const known = await readQuarantines((sql) => replica.rows(sql), 'main');
  assert.deepEqual([...known.keys()], ['b']);
  assert.match(known.get('b')?.reason ?? '', /1 of 1 deleted rows/);
  // Until the stream knows, its changes go on coming.
  await replica.stage(2, [['+', 1, 'a']]);
  await replica.stage(1, [['+', 2, 'b']]);
  await replica.commit();
  assert.deepEqual(await replica.table(2), []);
  assert.equal((await replica.table(1)).length, 2);
});

test('a table that is gone from the replica goes into quarantine', async () => {
  await using replica = await AppliedReplica.open(PLANS);
  await replica.database.run('DROP TABLE a');
  await replica.stage(1, [['+', 1, 'a']]);
  await replica.stage(2, [['+', 1, 'a']]);
  const { quarantined } = await replica.commit();
  assert.deepEqual(
    quarantined.map(({ id }) => id),
    [1],
  );
  assert.equal((await replica.table(2)).length, 1);
});

test('a table that fails after a portion makes the transaction fail', async () => {
  await using replica = await AppliedReplica.open(PLANS);
  await replica.stage(1, [['+', 1, 'a']]);
  await replica.applier.portion();
  await replica.stage(2, [['-', 1, 'is not there']]);
  await assert.rejects(replica.commit(), { code: 'table-failed', table: 'b' });
  await replica.applier.discard();
  assert.deepEqual(await replica.table(1), []);
  assert.equal(await positionIn(replica), null);
});

test('tables come and go, and a new id stands for a new plan', async () => {
  await using replica = await AppliedReplica.open(PLANS);
  await replica.stage(1, [['+', 1, 'a']]);
  await replica.commit();
  await replica.applier.setTables([{ id: 7, plan: PLANS[1] }]);
  await replica.stage(1, [['+', 2, 'is not streamed']]);
  await replica.commit();
  assert.deepEqual(await replica.table(1), [[1, 'a']]);
  await replica.applier.setTables([{ id: 1, plan: PLANS[0] }]);
  await replica.stage(1, [['+', 2, 'b']]);
  await replica.commit();
  assert.equal((await replica.table(1)).length, 2);
});

test('rows and rejected values of the tables are on record at the end', async () => {
  const dated = named('d', tableOf(['int', 'date'], [0]));
  const replica = await AppliedReplica.open([...PLANS, dated]);
  const { database } = replica;
  await replica.stage(1, [
    ['+', 1, 'a'],
    ['+', 2, 'b'],
  ]);
  await replica.commit();
  await replica.stage(1, [['-', 1]]);
  await replica.stage(3, [['+', 1, '0000-00-00']]);
  await replica.commit();
  await replica.applier[Symbol.asyncDispose]();
  const states = await database.rows(
    `SELECT table_name, mode, row_count::INTEGER AS n, rejected_values::INTEGER AS rejected,
            key_columns, last_error FROM _ducktail.tables ORDER BY table_name`,
  );
  assert.deepEqual(
    states.map((state) => Object.values(state)),
    [
      ['a', 'cdc', 1, 0, ['c0'], null],
      ['b', 'cdc', 0, 0, [], null],
      ['d', 'cdc', 1, 1, ['c0'], null],
    ],
  );
  await replica[Symbol.asyncDispose]();
});

test('the log stays bounded beside a reader with an open transaction', async () => {
  const walBytes = 256 * 1024;
  await using replica = await AppliedReplica.open([PLANS[0]], {
    walLimits: { ...WAL_LIMITS, walBytes },
  });
  const changes = (batch: number): Change[] =>
    Array.from({ length: 1000 }, (_, at) => [
      '+',
      (at * 7919 + batch * 13) % 20_000,
      `a text of some length ${batch} ${at}`,
    ]);
  await replica.stage(1, changes(0));
  await replica.commit();
  const reader = await replica.database.connect();
  await reader.run('BEGIN');
  const count = async (): Promise<number> => {
    const result = await reader.runAndReadAll('SELECT count(*)::INTEGER FROM a');
    return Number(result.getRows()[0][0]);
  };
  assert.equal(await count(), 1000);
  let highest = 0;
  for (let batch = 1; batch <= 60; batch++) {
    await replica.stage(1, changes(batch));
    await replica.commit();
    highest = Math.max(highest, walSize(replica.database.path));
  }
  assert.ok(highest < 2 * walBytes, `${highest} bytes`);
  assert.equal(await count(), 1000);
  await reader.run('COMMIT');
});

test('a reader that keeps the log and the file growing is ended, and told why', async () => {
  const walBytes = 256 * 1024;
  const readerBytes = 1024 * 1024;
  const told: string[] = [];
  await using replica = await AppliedReplica.open([PLANS[0]], {
    walLimits: { ...WAL_LIMITS, walBytes, readerBytes, retryMs: 0, readerMs: 0 },
    onReaderEnded: ({ message }) => told.push(message),
  });
  const { database } = replica;
  const writeBatch = async (batch: number): Promise<void> => {
    const ids = Array.from({ length: 1000 }, (_, at) => (at * 7919 + batch * 13) % 20_000);
    await replica.stage(
      1,
      ids.map((id) => ['+', id, `a text of some length ${batch} ${id}`] as const),
    );
    await replica.commit();
  };
  await writeBatch(0);
  const signal = new AbortController().signal;
  let reading: Promise<void> = Promise.resolve();
  // A client that takes the columns and then nothing more.
  await new Promise<void>((begun) => {
    const sink = {
      columns: () => {
        begun();
      },
      rows: () => new Promise<void>(() => undefined),
    };
    reading = queryBesideWriter(database, 'SELECT * FROM a, range(1000)', sink, signal);
  });
  const ended = assert.rejects(reading, {
    code: 'query-failed',
    message: /^the service ended a query after \d+ s: 1 MB of changes had come since it began/,
    hint: /COPY … TO/,
  });
  // Beside a reader that is older, no checkpoint succeeds any more.
  await database.run('ALTER TABLE a ADD COLUMN c2 INTEGER');
  assert.equal(await checkpoint(database, 1), false);
  let highest = 0;
  for (let batch = 1; batch <= 100; batch++) {
    await writeBatch(batch);
    highest = Math.max(highest, walSize(database.path));
  }
  await ended;
  assert.equal(told.length, 1);
  assert.ok(highest > readerBytes && highest < readerBytes + 2 * walBytes, `${highest} bytes`);
  assert.ok(walSize(database.path) < 2 * walBytes);
});

function walSize(path: string): number {
  return statSync(`${path}.wal`, { throwIfNoEntry: false })?.size ?? 0;
}
