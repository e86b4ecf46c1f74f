import assert from 'node:assert/strict';
import test from 'node:test';
import { tableOf } from '../batch/built-column.js';
import { AppliedReplica, named } from './applied-replica.js';

async function recorded(replica: AppliedReplica): Promise<unknown[][]> {
  const rows = await replica.rows(
    `SELECT table_name, row_key::VARCHAR AS row_key, column_name, source_text
       FROM _ducktail.rejected_values ORDER BY ALL`,
  );
  return rows.map((row) => Object.values(row));
}

const KEYS = [
  { type: 'int', keys: [1, 2, 3] },
  { type: 'varchar(50)', keys: ['a', 'ä"\\\n', 'a text that is too long to be inline'] },
  { type: 'varbinary(20)', keys: [Buffer.of(0), Buffer.of(0, 255), Buffer.from('text')] },
  { type: 'date', keys: ['2024-01-01', '2024-01-02', '2024-02-29'] },
] as const;

for (const { type, keys } of KEYS) {
  test(`rejected values are those of the last images, by a key of ${type}`, async () => {
    const plan = named('t', tableOf([type, 'int', 'date', 'varchar(50)'], [0, 1]));
    await using replica = await AppliedReplica.open([plan]);
    const [a, b, c] = keys;
    await replica.stage(1, [
      ['+', a, 1, '0000-00-00', 'kept'],
      ['+', b, 1, '2024-00-01', 'mended in the next'],
      ['+', c, 1, '0000-00-00', 'mended at once'],
      ['+', c, 1, '2024-01-01', Buffer.of(0x41, 0xff)],
      ['+', c, 2, '0000-00-00', 'goes at once'],
      ['-', c, 2],
    ]);
    await replica.commit();
    const texts = (await recorded(replica)).map(([, , column, text]) => [column, text]);
    assert.deepEqual(texts.sort(), [
      ['c2', '0000-00-00'],
      ['c2', '2024-00-01'],
      ['c3', '0x41ff'],
    ]);

    await replica.stage(1, [
      ['+', b, 1, '2024-01-01', null],
      ['-', c, 1],
      ['+', c, 2, '2024-01-01', 'other'],
    ]);
    await replica.commit();
    const [first, ...others] = await recorded(replica);
    assert.deepEqual(first.slice(2), ['c2', '0000-00-00']);
    assert.deepEqual(others, []);
    assert.equal(
      (await replica.rows("SELECT 1 FROM t WHERE c2 IS NULL AND c3 = 'kept'")).length,
      1,
    );
  });
}

test('a key that was rejected itself is told by its text', async () => {
  const plan = named('t', tableOf(['int', 'date'], [0, 1]));
  await using replica = await AppliedReplica.open([plan]);
  await replica.stage(1, [
    ['+', 1, '0000-00-00'],
    ['+', 2, '0000-00-00'],
  ]);
  await replica.commit();
  await replica.stage(1, [
    ['-', 1, '0000-00-00'],
    ['+', 2, '0000-00-00'],
  ]);
  await replica.commit();
  assert.deepEqual(await recorded(replica), [['t', '["2","0000-00-00"]', 'c1', '0000-00-00']]);
  assert.deepEqual(await replica.table(1), [[2, null]]);
});

test('keys that the replica could not tell apart put the table into quarantine', async () => {
  const plan = named('t', tableOf(['int', 'date'], [0, 1]));
  await using replica = await AppliedReplica.open([plan]);
  await replica.stage(1, [['+', 1, '0000-00-00']]);
  await replica.commit();
  await replica.stage(1, [['+', 1, '2024-00-00']]);
  const { quarantined } = await replica.commit();
  assert.equal(quarantined.length, 1);
  assert.deepEqual(await replica.table(1), [[1, null]]);
});

test('without a key rejected values come and go with their rows', async () => {
  const plan = named('t', tableOf(['int', 'date']));
  await using replica = await AppliedReplica.open([plan]);
  await replica.stage(1, [
    ['+', 1, '0000-00-00'],
    ['+', 2, '0000-00-00'],
    ['+', 3, '2024-00-00'],
  ]);
  await replica.commit();
  await replica.stage(1, [
    ['-', 1, '0000-00-00'],
    ['+', 1, '2024-01-01'],
    ['-', 3, '2024-00-00'],
    ['+', 3, '2024-00-00'],
  ]);
  await replica.commit();
  assert.deepEqual(await recorded(replica), [
    ['t', null, 'c1', '0000-00-00'],
    ['t', null, 'c1', '2024-00-00'],
  ]);
  assert.equal((await replica.table(1)).length, 3);
});

test('a rolled back commit leaves the rejected values as they were', async () => {
  const plan = named('t', tableOf(['int', 'date'], [0]));
  let isFailing = false;
  await using replica = await AppliedReplica.open([plan], {
    hooks: {
      beforeCommit: () => (isFailing ? Promise.reject(new Error('stop')) : Promise.resolve()),
    },
  });
  await replica.stage(1, [['+', 1, '0000-00-00']]);
  await replica.commit();
  isFailing = true;
  await replica.stage(1, [['-', 1]]);
  await assert.rejects(replica.commit(), /stop/);
  await replica.applier.discard();
  assert.equal((await recorded(replica)).length, 1);
  isFailing = false;
  await replica.stage(1, [['-', 1]]);
  await replica.commit();
  assert.deepEqual(await recorded(replica), []);
});

test('a key with any text in it is found again', async () => {
  const plan = named('t', tableOf(['varchar(50)', 'date'], [0]));
  await using replica = await AppliedReplica.open([plan]);
  const keys = ['', '\u0000', '"', '\\', '😀', "it's", '\u001f', '[1]'];
  await replica.stage(
    1,
    keys.map((key) => ['+', key, '0000-00-00'] as const),
  );
  await replica.commit();
  assert.equal((await recorded(replica)).length, keys.length);
  for (const key of keys) await replica.stage(1, [['+', key, '2024-01-01']]);
  await replica.commit();
  assert.deepEqual(await recorded(replica), []);
});

test('many rejected values in one commit, and texts of all kinds', async () => {
  const plan = named('t', tableOf(['int', 'varchar(50)'], [0]));
  await using replica = await AppliedReplica.open([plan]);
  const rows = Array.from(
    { length: 12_000 },
    (_, id) => ['+', id, Buffer.of(0xff, id & 0x7f)] as const,
  );
  await replica.stage(1, rows);
  await replica.commit();
  assert.equal((await recorded(replica)).length, 12_000);
  await replica.stage(
    1,
    rows.map(([, id]) => ['-', id] as const),
  );
  await replica.commit();
  assert.deepEqual(await recorded(replica), []);
});
