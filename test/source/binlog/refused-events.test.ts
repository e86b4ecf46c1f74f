import assert from 'node:assert/strict';
import test from 'node:test';
import { DucktailError } from '../../../src/common/errors.js';
import { RawEvent } from '../../../src/source/binlog/raw-event.js';
import { TableMapCache } from '../../../src/source/binlog/table-map.js';
import { describeMismatch } from '../../../src/source/binlog/table-mismatch.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { ChangedSource } from './decoded-changes.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

function isRefusal(hint: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DucktailError, String(error));
    assert.equal(error.code, 'source-unsuitable');
    assert.match(error.hint ?? '', hint);
    return true;
  };
}

/** Statements that alter `t`, and what is told of its next row; null where its plan still fits. */
const ALTERATIONS: readonly (readonly [sql: string, reason: RegExp | null])[] = [
  ['ADD x INT', /has x, which the replica's plan lacks/],
  ['DROP COLUMN b', /lacks b of the replica's plan/],
  [`CHANGE b bb VARCHAR(20)`, /has bb, .*lacks b/],
  ['MODIFY b VARCHAR(20) FIRST', /column b is at another place/],
  ['MODIFY a BIGINT', /column a is bigint in the binlog and int in/],
  ['MODIFY a INT UNSIGNED', /column a is int unsigned in the binlog and int in/],
  ['MODIFY b VARCHAR(20) CHARACTER SET latin1', /column b is text in latin1 .* text in utf8mb4/],
  ['MODIFY b VARBINARY(80)', /column b is bytes .* text in utf8mb4/],
  ['MODIFY c DECIMAL(12,3)', /column c is decimal\(12,3\) .* decimal\(12,2\)/],
  [`MODIFY d ENUM('x', 'y', 'z')`, /column d is enum\('x','y','z'\) .* enum\('x','y'\)/],
  [`MODIFY e SET('p')`, /column e is set\('p'\) .* set\('p','q'\)/],
  ['MODIFY f DATETIME(6)', /column f is datetime\(6\) .* datetime\(3\)/],
  ['MODIFY g BIT(9)', /column g is bit\(9\) .* bit\(8\)/],
  ['MODIFY h BINARY(5)', /column h is binary\(5\) .* binary\(4\)/],
  ['DROP PRIMARY KEY, ADD PRIMARY KEY (a)', /the key is a in the binlog and id in/],
  ['DROP PRIMARY KEY', /the key is none in the binlog and id in/],
  ['MODIFY b VARCHAR(200)', null],
  ['MODIFY b TEXT', null],
  ['MODIFY f DATETIME(3) NOT NULL', null],
];

for (const flavour of FLAVOURS) {
  test(`what ${flavour} says of a table is held against its plan`, async () => {
    await using source = await TestSource.open(flavour);
    await using changed = await ChangedSource.open(source);
    for (const [sql, reason] of ALTERATIONS) {
      await source.run(
        'DROP TABLE IF EXISTS t',
        `CREATE TABLE t (id INT PRIMARY KEY, a INT NOT NULL, b VARCHAR(20), c DECIMAL(12,2),
           d ENUM('x','y'), e SET('p','q'), f DATETIME(3), g BIT(8), h BINARY(4))`,
      );
      const plan = await changed.plan('t');
      const insert = `INSERT INTO t (id, f) VALUES (1, '2024-01-01')`;
      const first = changed.mapOf('t', await changed.eventsOf(insert));
      assert.equal(describeMismatch(plan, first, changed.charsets), null);
      await source.run(`ALTER TABLE t ${sql}`);
      const second = changed.mapOf('t', await changed.eventsOf('DELETE FROM t'));
      const found = describeMismatch(plan, second, changed.charsets);
      if (reason === null) assert.equal(found, null, sql);
      else assert.match(found ?? 'none', reason, sql);
      const newPlan = await changed.plan('t');
      assert.equal(describeMismatch(newPlan, second, changed.charsets), null, sql);
    }
  });

  test(`equal descriptions of ${flavour} under several ids are one table`, async () => {
    await using source = await TestSource.open(flavour);
    await using changed = await ChangedSource.open(source);
    const events = await changed.eventsOf(
      'CREATE TABLE t (id INT PRIMARY KEY)',
      'INSERT INTO t VALUES (1)',
      'INSERT INTO t VALUES (2)',
      'FLUSH TABLES t',
      'INSERT INTO t VALUES (3)',
      'ALTER TABLE t ADD a INT',
      'INSERT INTO t VALUES (4, 5)',
    );
    const cache = new TableMapCache(flavour === 'mariadb');
    // Other tests may write to the server, too.
    const tables = events
      .map((bytes) => new RawEvent(bytes))
      .filter((event) => event.type === 19 && cache.read(event).database === source.database);
    const maps = tables.map((event) => cache.read(event));
    assert.equal(maps.length, 4);
    assert.equal(maps[0], maps[1]);
    assert.equal(maps[0], maps[2]);
    assert.notEqual(maps[0], maps[3]);
    assert.equal(new Set(tables.map(({ tableId }) => tableId)).size, 3);
    tables.forEach((event, at) => assert.equal(cache.get(event.tableId), maps[at]));
    assert.equal(cache.get(0x1234), undefined);
    assert.deepEqual(
      maps[3].columns.map(({ name }) => name),
      ['id', 'a'],
    );
    assert.deepEqual([maps[3].database, maps[3].name], [source.database, 't']);
  });

  test(`rows without all columns, and tables without names, of ${flavour} are refused`, async () => {
    await using source = await TestSource.open(flavour);
    await using changed = await ChangedSource.open(source);
    await source.run('CREATE TABLE t (id INT PRIMARY KEY, a INT, b TEXT)');
    const plan = await changed.plan('t');
    const minimal = await changed.eventsOf(
      'INSERT INTO t VALUES (1, 2, NULL)',
      `SET SESSION binlog_row_image = 'MINIMAL'`,
      'UPDATE t SET a = 3',
      `SET SESSION binlog_row_image = 'FULL'`,
    );
    assert.throws(() => changed.decode(plan, minimal), isRefusal(/binlog_row_image = 'FULL'/));
    const usual = flavour === 'mysql' ? 'MINIMAL' : 'NO_LOG';
    await source.run(`SET GLOBAL binlog_row_metadata = '${usual}'`);
    try {
      await source.run('FLUSH TABLES');
      const nameless = await changed.eventsOf('INSERT INTO t VALUES (2, 2, NULL)');
      assert.throws(
        () => changed.decode(plan, nameless),
        isRefusal(/binlog_row_metadata = 'FULL'/),
      );
      // Other tables than those that are wanted may be nameless.
      assert.equal(changed.mapOf('t', nameless).name, 't');
    } finally {
      await source.run(`SET GLOBAL binlog_row_metadata = 'FULL'`);
    }
  });
}

test('parts of JSON documents are refused', async () => {
  await using source = await TestSource.open('mysql');
  await using changed = await ChangedSource.open(source);
  await source.run('CREATE TABLE t (id INT PRIMARY KEY, j JSON)');
  const plan = await changed.plan('t');
  const events = await changed.eventsOf(
    `INSERT INTO t VALUES (1, JSON_OBJECT('a', REPEAT('x', 1000), 'b', REPEAT('y', 1000)))`,
    `SET SESSION binlog_row_value_options = 'PARTIAL_JSON'`,
    `UPDATE t SET j = JSON_SET(j, '$.b', 'z')`,
    `SET SESSION binlog_row_value_options = ''`,
  );
  assert.throws(() => changed.decode(plan, events), isRefusal(/binlog_row_value_options = ''/));
});

test('of a system-versioned table the present rows come', async () => {
  await using source = await TestSource.open('mariadb');
  await using changed = await ChangedSource.open(source);
  const declared = `s TIMESTAMP(6) GENERATED ALWAYS AS ROW START,
    e TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)`;
  const tables = [
    `(id INT PRIMARY KEY, b INT)`,
    `(id INT, b INT)`,
    `(id INT PRIMARY KEY, b INT, ${declared})`,
  ];
  for (const [at, columns] of tables.entries()) {
    const name = `v${at}`;
    const events = await changed.eventsOf(
      `CREATE TABLE ${name} ${columns} WITH SYSTEM VERSIONING`,
      `INSERT INTO ${name} (id, b) VALUES (1, 1), (2, 2), (3, 3)`,
      `UPDATE ${name} SET b = 9 WHERE id = 1`,
      `DELETE FROM ${name} WHERE id = 2`,
      `UPDATE ${name} SET id = 7 WHERE id = 3`,
      `DELETE HISTORY FROM ${name}`,
    );
    const plan = await changed.plan(name);
    const left = new Map<string, unknown>();
    for (const row of changed.decode(plan, events).rows) {
      const key = String(row[0]);
      if (row.at(-2) === '01') left.set(key, row.slice(0, -2));
      else assert.ok(left.delete(key), `${name}: ${key} is deleted, which was not there`);
    }
    const selected = await changed.select(plan);
    assert.deepEqual([...left.values()].sort(), [...selected.rows].sort(), name);
  }
});
