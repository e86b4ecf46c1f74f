import assert from 'node:assert/strict';
import test from 'node:test';
import { type Checkpoint, placeOf } from '../../../src/model/checkpoint.js';
import { binlogEnd, openTables, rotateBinlog, streamedTable, Tail } from './tail.js';

const TRANSACTIONS: readonly (readonly [
  statements: readonly string[],
  changes: readonly string[],
])[] = [
  [["INSERT INTO t VALUES (1, 'one'), (2, 'two')"], ['t +1 one', 't +2 two']],
  [
    ["UPDATE t SET v = 'a text that takes more than twelve bytes' WHERE id = 1"],
    ['t +1 a text that takes more than twelve bytes'],
  ],
  [['UPDATE t SET id = 3 WHERE id = 2'], ['t -2', 't +3 two']],
  [
    [
      'BEGIN',
      "INSERT INTO u VALUES (1, 'u')",
      "INSERT INTO t VALUES (4, 'four')",
      'SAVEPOINT s',
      "INSERT INTO t VALUES (5, 'five')",
      'ROLLBACK TO s',
      'DELETE FROM t WHERE id = 3',
      'COMMIT',
    ],
    ['u +1 u', 't +4 four', 't -3'],
  ],
  [['DELETE FROM t'], ['t -1', 't -4']],
];

for (const flavour of ['mysql', 'mariadb'] as const) {
  test(`${flavour}: changes come with exact checkpoints, and each of them is a place to go on`, async () => {
    await using source = await openTables(flavour);
    const tables = [await streamedTable(source, 't'), await streamedTable(source, 'u')];
    const ends: Checkpoint[] = [await binlogEnd(source)];
    {
      await using tail = await Tail.open(source, { from: ends[0], tables });
      for (const [statements, changes] of TRANSACTIONS) {
        const before = Date.now();
        await source.run(...statements);
        const committed = await tail.nextCommit();
        const end = await binlogEnd(source);
        assert.deepEqual(committed.changes, changes);
        assert.deepEqual(placeOf(committed.checkpoint), end);
        assert.equal(committed.transactions, 1);
        assert.equal(committed.rows, changes.length);
        assert.ok(committed.sourceTimeMs !== null);
        assert.ok(Math.abs(committed.sourceTimeMs - before) < 5000, 'the time of the commit');
        ends.push(end);
      }
    }
    for (const [index, from] of ends.slice(0, -1).entries()) {
      for (const start of [from, { ...from, gtidSet: null }]) {
        await using tail = await Tail.open(source, { from: start, tables });
        const rest = TRANSACTIONS.slice(index).flatMap(([, changes]) => changes);
        assert.deepEqual(await tail.commitsTo(ends.at(-1)!), rest);
      }
    }
  });

  test(`${flavour}: a DDL statement comes alone, holds the stream, and its table goes on anew`, async () => {
    await using source = await openTables(flavour);
    const [t, u] = [await streamedTable(source, 't'), await streamedTable(source, 'u')];
    await using tail = await Tail.open(source, { from: await binlogEnd(source), tables: [t, u] });
    await source.run("INSERT INTO t VALUES (1, 'one')");
    const before = await binlogEnd(source);
    await source.run('/* why */ ALTER TABLE t ADD w INT NULL');
    const behind = await binlogEnd(source);
    await source.run("INSERT INTO t VALUES (2, 'two', 2)", "INSERT INTO u VALUES (2, 'u')");
    const first = await tail.nextCommit();
    assert.deepEqual([first.changes, placeOf(first.checkpoint)], [['t +1 one'], before]);
    const event = await tail.expect('schema-event');
    assert.match(event.statement, /ALTER TABLE t ADD w/);
    assert.equal(event.database, source.database);
    assert.deepEqual(placeOf(event.checkpoint), behind);
    tail.resume([await streamedTable(source, 't'), u]);
    assert.deepEqual(await tail.commitsTo(await binlogEnd(source)), ['t +2 two', 'u +2 u']);
  });

  test(`${flavour}: what does not fit the plan is told once, and left out`, async () => {
    await using source = await openTables(flavour);
    const [old, u] = [await streamedTable(source, 't'), await streamedTable(source, 'u')];
    await source.run('ALTER TABLE t ADD w INT NULL FIRST');
    const from = await binlogEnd(source);
    await using tail = await Tail.open(source, { from, tables: [old, u] });
    await source.run("INSERT INTO u VALUES (1, 'u')", "INSERT INTO t VALUES (1, 1, 'one')");
    await source.run("INSERT INTO t VALUES (1, 2, 'two')", "INSERT INTO u VALUES (2, 'u')");
    const changes: string[] = [];
    let message = await tail.next();
    while (!('kind' in message)) {
      changes.push(...message.changes);
      message = await tail.next();
    }
    assert.equal(message.kind, 'mismatch');
    assert.equal('table' in message && message.table, old.id);
    tail.resume();
    const end = await binlogEnd(source);
    changes.push(...(await tail.commitsTo(end)));
    assert.deepEqual(changes, ['u +1 u', 'u +2 u']);
  });

  test(`${flavour}: a table that has transactions already gets only later ones`, async () => {
    await using source = await openTables(flavour);
    const from = await binlogEnd(source);
    await source.run("INSERT INTO t VALUES (1, 'one')", "INSERT INTO u VALUES (1, 'u')");
    const after = await binlogEnd(source);
    await source.run("INSERT INTO t VALUES (2, 'two')", "INSERT INTO u VALUES (2, 'u')");
    await source.run("UPDATE t SET v = 'three'");
    const u = await streamedTable(source, 'u');
    for (const start of [from, { ...from, gtidSet: null }]) {
      for (const to of [after, { ...after, gtidSet: null }]) {
        const t = await streamedTable(source, 't', to);
        await using tail = await Tail.open(source, { from: start, tables: [t, u] });
        assert.deepEqual(await tail.commitsTo(await binlogEnd(source)), [
          'u +1 u',
          't +2 two',
          'u +2 u',
          't +1 three',
          't +2 three',
        ]);
      }
    }
  });

  test(`${flavour}: a table joins and leaves while the stream runs`, async () => {
    await using source = await openTables(flavour);
    const [t, u] = [await streamedTable(source, 't'), await streamedTable(source, 'u')];
    await using tail = await Tail.open(source, { from: await binlogEnd(source), tables: [t] });
    await source.run("INSERT INTO u VALUES (1, 'u')", "INSERT INTO t VALUES (1, 'one')");
    assert.deepEqual(await tail.commitsTo(await binlogEnd(source)), ['t +1 one']);
    tail.stream.hold(null);
    await source.run("INSERT INTO u VALUES (3, 'u')");
    await tail.expect('held');
    tail.resume([u]);
    await source.run("INSERT INTO t VALUES (2, 'two')", "INSERT INTO u VALUES (2, 'u')");
    const changes = await tail.commitsTo(await binlogEnd(source));
    // The one that was written beside the hold may be on either side of it.
    assert.deepEqual(
      changes.filter((change) => change !== 'u +3 u'),
      ['u +2 u'],
    );
  });

  test(`${flavour}: an idle stream tells its position`, async () => {
    await using source = await openTables(flavour);
    const from = await binlogEnd(source);
    await using tail = await Tail.open(source, { from, tables: [] });
    const { value } = await tail.stream.next();
    assert.deepEqual(value, { kind: 'keepalive', checkpoint: from });
  });

  test(`${flavour}: a stream that has changes to tell does not seem idle at first`, async () => {
    await using source = await openTables(flavour);
    const from = await binlogEnd(source);
    await source.run("INSERT INTO t VALUES (1, 'one')");
    await using tail = await Tail.open(source, {
      from,
      tables: [await streamedTable(source, 't')],
    });
    const { value } = await tail.stream.next();
    assert.equal(value.kind, 'rows');
  });

  test(`${flavour}: a large transaction comes in portions, one commit behind them`, async () => {
    await using source = await openTables(flavour);
    await source.addNumbers(5000);
    const tables = [await streamedTable(source, 't')];
    const limits = { batchRows: 1000 };
    await using tail = await Tail.open(source, { from: await binlogEnd(source), tables, limits });
    await source.run("INSERT INTO t SELECT n, CONCAT('a somewhat longer text ', n) FROM numbers");
    const committed = await tail.nextCommit();
    assert.equal(committed.changes.length, 5000);
    assert.ok(committed.portions >= 4, `${committed.portions} portions`);
    assert.equal(committed.rows, 5000);
    assert.equal(committed.transactions, 1);
    assert.deepEqual(placeOf(committed.checkpoint), await binlogEnd(source));
    const expected = await source.texts("SELECT CONCAT('t +', id, ' ', v) FROM t ORDER BY id");
    const byId = (a: string, b: string): number => idOf(a) - idOf(b);
    assert.deepEqual([...committed.changes].sort(byId), expected.flat());
  });

  test(`${flavour}: the stream goes on in the next file, and its checkpoint with it`, async () => {
    await using source = await openTables(flavour);
    const tables = [await streamedTable(source, 't')];
    const from = await binlogEnd(source);
    await using tail = await Tail.open(source, { from, tables });
    for (const id of [1, 2, 3]) {
      await rotateBinlog(source);
      await source.run(`INSERT INTO t VALUES (${id}, 'x')`);
      const committed = await tail.nextCommit();
      assert.deepEqual(committed.changes, [`t +${id} x`]);
      assert.deepEqual(placeOf(committed.checkpoint), await binlogEnd(source));
    }
    await using again = await Tail.open(source, { from: { ...from, gtidSet: null }, tables });
    assert.equal((await again.commitsTo(await binlogEnd(source))).length, 3);
  });

  test(`${flavour}: statements within a transaction are told with it`, async () => {
    await using source = await openTables(flavour);
    const tables = [await streamedTable(source, 't')];
    await using tail = await Tail.open(source, { from: await binlogEnd(source), tables });
    await source.run("INSERT INTO t VALUES (1, 'one')");
    assert.deepEqual((await tail.nextCommit()).changes, ['t +1 one']);
    await source.run('CREATE TABLE c SELECT * FROM t');
    const created = await tail.next();
    // Without rows of a streamed table, a commit that only moves on may come before.
    const event = 'kind' in created ? created : await tail.expect('schema-event');
    assert.ok(event.kind === 'schema-event');
    assert.match(event.statement, /^CREATE TABLE `c`/);
    assert.deepEqual(placeOf(event.checkpoint), await binlogEnd(source));
    tail.resume();
    await source.run(
      "SET SESSION binlog_format = 'STATEMENT'",
      'BEGIN',
      "UPDATE t SET v = 'by statement'",
      'COMMIT',
      "SET SESSION binlog_format = 'ROW'",
    );
    const next = await tail.next();
    const update = 'kind' in next ? next : await tail.expect('schema-event');
    assert.ok(update.kind === 'schema-event');
    assert.match(update.statement, /^UPDATE t SET v/);
    assert.deepEqual(placeOf(update.checkpoint), await binlogEnd(source));
  });

  test(`${flavour}: XA transactions are parked until their end`, async () => {
    await using source = await openTables(flavour);
    const tables = [await streamedTable(source, 't')];
    await using tail = await Tail.open(source, { from: await binlogEnd(source), tables });
    const xa = (name: string, id: number): string[] => [
      `XA START '${name}', 'b'`,
      `INSERT INTO t VALUES (${id}, '${name}')`,
      `XA END '${name}', 'b'`,
    ];
    await source.run(...xa('one', 1), "XA PREPARE 'one', 'b'");
    const prepared = await tail.nextCommit();
    assert.deepEqual(prepared.changes, []);
    assert.deepEqual(placeOf(prepared.checkpoint), await binlogEnd(source));
    const xid = "X'6f6e65',X'62',1";
    assert.deepEqual([...tail.parked.keys()], [xid]);
    await source.run("XA COMMIT 'one', 'b'");
    assert.equal((await tail.expect('xa-commit')).xid, xid);
    tail.stream.replay(tail.parked.get(xid)!);
    const committed = await tail.nextCommit();
    assert.deepEqual(committed.changes, ['t +1 one']);
    assert.deepEqual(placeOf(committed.checkpoint), await binlogEnd(source));

    await source.run(...xa('two', 2), "XA COMMIT 'two', 'b' ONE PHASE");
    const onePhase = await tail.nextCommit();
    assert.deepEqual(onePhase.changes, ['t +2 two']);
    assert.deepEqual(placeOf(onePhase.checkpoint), await binlogEnd(source));

    await source.run(...xa('three', 3), "XA PREPARE 'three', 'b'", "XA ROLLBACK 'three', 'b'");
    let message = await tail.next();
    if (!('kind' in message)) message = await tail.next();
    assert.deepEqual(message, { kind: 'unpark', xid: "X'7468726565',X'62',1" });
    assert.deepEqual(await tail.commitsTo(await binlogEnd(source)), []);
  });

  test(`${flavour}: a stream that is not applied stops reading, and goes on later`, async () => {
    await using source = await openTables(flavour);
    await source.addNumbers(10_000);
    const tables = [await streamedTable(source, 't')];
    const limits = { batchRows: 500 };
    await using tail = await Tail.open(source, { from: await binlogEnd(source), tables, limits });
    for (let part = 0; part < 10; part++) {
      await source.run(
        `INSERT INTO t SELECT n, CONCAT('a somewhat longer text ', n) FROM numbers
          WHERE n >= ${part * 1000} AND n < ${(part + 1) * 1000}`,
      );
    }
    const held = await tail.withoutApplying(500);
    assert.equal(held.filter(({ kind }) => kind === 'commit' || kind === 'portion').length, 2);
    const changes = await tail.commitsTo(await binlogEnd(source));
    assert.equal(new Set(changes).size, 10_000);
  });
}

function idOf(change: string): number {
  return Number(/\+(\d+)/.exec(change)![1]);
}
