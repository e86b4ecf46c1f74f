import assert from 'node:assert/strict';
import test from 'node:test';
import { createTypeTable, fillTypeTable, typeCases } from '../../helpers/all-types.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { ChangedSource, type HexRow } from './decoded-changes.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

/** The rows that the statements insert have to be those of a SELECT. */
async function assertInserted(
  changed: ChangedSource,
  table: string,
  ...statements: readonly string[]
): Promise<void> {
  const events = await changed.eventsOf(...statements);
  const plan = await changed.plan(table);
  const inserted = changed.decode(plan, events);
  const selected = await changed.select(plan);
  const sort = (rows: readonly HexRow[]): string[] => rows.map((row) => row.join(' ')).sort();
  const found = sort(inserted.rows.map((row) => row.slice(0, -2)));
  const expected = sort(selected.rows);
  assert.equal(found.length, expected.length);
  found.forEach((row, at) => assert.equal(row.slice(0, 2000), expected[at].slice(0, 2000)));
  assert.equal(inserted.rejected.length, selected.rejected.length);
}

for (const flavour of FLAVOURS) {
  test(`texts of every character set of ${flavour} become what the server makes of them`, async (t) => {
    await using source = await TestSource.open(flavour);
    await using changed = await ChangedSource.open(source);
    const sets = await source.texts(
      `SELECT character_set_name, maxlen FROM information_schema.character_sets
        WHERE character_set_name <> 'binary'`,
    );
    assert.ok(sets.length > 30);
    for (const [name] of sets) {
      await t.test(name ?? '', async () => {
        // All characters of UTF-8's one, two and three bytes, and some of four, as far as the set has them.
        const codes = Array.from({ length: 0x11000 }, (_, code) => code)
          .filter((code) => code < 0xd800 || code > 0xdfff)
          .concat(Array.from({ length: 500 }, (_, i) => 0x11000 + i * 2000));
        const rows: string[] = [];
        for (let at = 0; at < codes.length; at += 300) {
          const text = codes.slice(at, at + 300).map((code) => String.fromCodePoint(code));
          rows.push(`(${at}, _utf8mb4 x'${Buffer.from(text.join('')).toString('hex')}', 'é?x')`);
        }
        const table = `all_${name}`;
        await assertInserted(
          changed,
          table,
          `CREATE TABLE ${table} (id INT PRIMARY KEY, a TEXT CHARACTER SET ${name},
             b CHAR(10) CHARACTER SET ${name})`,
          `INSERT INTO ${table} VALUES ${rows.join(', ')}`,
        );
      });
    }
  });

  test(`ENUMs of long and of many members come from ${flavour}, and DECIMALs of any digits`, async () => {
    await using source = await TestSource.open(flavour);
    await using changed = await ChangedSource.open(source);
    const members = (lengths: readonly number[]): string =>
      lengths.map((length, at) => `'${String(at).padEnd(length, 'é')}'`).join(', ');
    const many = Array.from({ length: 300 }, (_, at) => `'${at}'`).join(', ');
    const decimals = ['0', '9', '-9', '10', '1000000000', '-100000000.000000001', '999999999.1'];
    await assertInserted(
      changed,
      'members',
      `CREATE TABLE members (id INT PRIMARY KEY AUTO_INCREMENT,
         short ENUM(${members([1, 2, 3, 4, 5, 11, 12, 13, 125])}), last INT,
         far ENUM(${members([1, 126, 250, 255])}), many ENUM(${many}), digits DECIMAL(19, 9),
         wide DECIMAL(38, 10), whole DECIMAL(9), padded DECIMAL(11, 2) ZEROFILL)`,
      ...decimals.map(
        (digits, at) => `INSERT INTO members (short, last, far, many, digits, wide, whole, padded)
           VALUES (${at + 1}, -1, ${1 + (at % 4)}, ${1 + at * 49}, ${digits}, ${digits}9, ${at}, ${at}.5)`,
      ),
      `INSERT INTO members (short, last, whole, digits, wide, padded)
         VALUES (8, 7, 999999999, 9999999999.999999999, -9999999999999999999999999999.9999999999, 0),
                (9, 7, -999999999, -9999999999.999999999, 0.0000000001, 999999999.99)`,
    );
  });

  test(`a table of hundreds of columns comes from ${flavour} with its NULLs`, async () => {
    await using source = await TestSource.open(flavour);
    await using changed = await ChangedSource.open(source);
    for (const count of [6, 7, 8, 14, 15, 16, 301]) {
      const columns = Array.from({ length: count }, (_, at) => `c${at}`);
      const row = (salt: number): string =>
        `(${columns.map((_, at) => ((at * 7 + salt) % 3 === 0 ? 'NULL' : at + salt)).join(', ')})`;
      await assertInserted(
        changed,
        `wide_${count}`,
        `CREATE TABLE wide_${count} (${columns.map((name) => `${name} INT`).join(', ')})`,
        `INSERT INTO wide_${count} VALUES ${[0, 1, 2].map(row).join(', ')}`,
        `INSERT INTO wide_${count} VALUES (${columns.map(() => 'NULL').join(', ')})`,
        `INSERT INTO wide_${count} VALUES (${columns.map(() => '-1').join(', ')})`,
      );
    }
  });

  test(`decimals with zeros before them, and any other, come from ${flavour}`, async () => {
    await using source = await TestSource.open(flavour);
    await using changed = await ChangedSource.open(source);
    const shapes = [1, 2, 8, 9, 10, 11, 17, 18, 19, 27, 28, 40, 65].flatMap((precision) =>
      [0, 1, 2, 8, 9, 10, 18, 20, 30]
        .filter((scale) => scale <= precision)
        .map((scale) => ({ precision, scale })),
    );
    const ddl = shapes.map(({ precision, scale }, at) => `c${at} DECIMAL(${precision},${scale})`);
    const row = (digit: number): string =>
      shapes
        .map(({ precision, scale }) => {
          const digits = Array.from({ length: precision }, (_, i) => (digit + i * 7) % 10).join('');
          const text = `${digits.slice(0, precision - scale)}.${digits.slice(precision - scale)}`;
          return digit % 2 === 0 ? `'${text}'` : `'-${text}'`;
        })
        .join(', ');
    await assertInserted(
      changed,
      'decimals',
      `CREATE TABLE decimals (id INT PRIMARY KEY, z DECIMAL(45,3) ZEROFILL, ${ddl.join(', ')})`,
      `INSERT INTO decimals VALUES ${Array.from({ length: 10 }, (_, n) => `(${n}, ${n}.5, ${row(n)})`).join(', ')}`,
    );
  });

  test(`columns that ${flavour} hides are passed over`, async () => {
    await using source = await TestSource.open(flavour);
    await using changed = await ChangedSource.open(source);
    const index = flavour === 'mysql' ? 'KEY hidden ((lower(a)))' : 'UNIQUE (t)';
    await assertInserted(
      changed,
      'hidden',
      `CREATE TABLE hidden (id INT PRIMARY KEY, a VARCHAR(10), t TEXT, ${index}, b INT)`,
      `INSERT INTO hidden VALUES (1, 'A', 'x', 2), (2, NULL, NULL, NULL), (3, 'C', 'y', 4)`,
    );
  });
}

test('compressed columns and compressed events come from mariadb', async () => {
  await using source = await TestSource.open('mariadb');
  await using changed = await ChangedSource.open(source);
  const columns = `v VARCHAR(200) COMPRESSED, l VARCHAR(200) CHARACTER SET latin1 COMPRESSED,
    t TEXT COMPRESSED, m LONGTEXT CHARACTER SET latin1 COMPRESSED, b BLOB COMPRESSED,
    vb VARBINARY(2000) COMPRESSED`;
  const rows = [
    `(1, 'short', 'é', '', '', '', '')`,
    `(2, REPEAT('a', 200), REPEAT('é', 200), REPEAT('xyz', 3000), REPEAT('ü', 70000),
      REPEAT(x'00', 1000), REPEAT('c', 1500))`,
    `(3, NULL, NULL, REPEAT('ü', 600), NULL, NULL, NULL)`,
  ];
  const insert = `INSERT INTO packed VALUES ${rows.join(', ')}`;
  const create = `CREATE TABLE packed (id INT PRIMARY KEY, ${columns})`;
  await assertInserted(changed, 'packed', create, insert);
  await source.run('SET GLOBAL log_bin_compress = ON, GLOBAL log_bin_compress_min_len = 10');
  try {
    const plan = await changed.plan('packed');
    const update = 'UPDATE packed SET v = CONCAT(id, v), id = id + 10';
    const updates = await changed.eventsOf(update);
    const types = updates.map((event) => event[4]);
    assert.ok(types.includes(167) || types.includes(170), `events ${types.join(', ')}`);
    const after = await changed.select(plan);
    const changes = changed.decode(plan, updates);
    assert.deepEqual(
      changes.rows.filter((row) => row.at(-2) === '01').map((row) => row.slice(0, -2)),
      after.rows,
    );
    const deletes = await changed.eventsOf('DELETE FROM packed');
    assert.equal(changed.decode(plan, deletes).rows.length, 3);
    await source.run('DROP TABLE packed');
    await assertInserted(changed, 'packed', create, insert);
  } finally {
    await source.run(
      'SET GLOBAL log_bin_compress = DEFAULT, GLOBAL log_bin_compress_min_len = DEFAULT',
    );
  }
});

test('the old forms of dates and times come from mariadb', async (t) => {
  await using source = await TestSource.open('mariadb');
  await using changed = await ChangedSource.open(source);
  await source.addNumbers(70);
  await source.run('SET GLOBAL mysql56_temporal_format = OFF');
  try {
    for (const typeCase of typeCases('mariadb')) {
      if (!/^(?:date|time)/.test(typeCase.name)) continue;
      await t.test(typeCase.name, async () => {
        await changed.skip();
        await createTypeTable(source, typeCase);
        await fillTypeTable(source, typeCase, 70);
        const events = await changed.events();
        const types = changed.mapOf(typeCase.name, events).columns.map(({ type }) => type);
        assert.ok([7, 10, 11, 12].includes(types[1]), `type ${types[1]}`);
        const plan = await changed.plan(typeCase.name);
        const inserted = changed.decode(plan, events);
        const selected = await changed.select(plan);
        const sort = (rows: readonly HexRow[]): string[] => rows.map((row) => row.join(' ')).sort();
        assert.deepEqual(sort(inserted.rows.map((row) => row.slice(0, -2))), sort(selected.rows));
        const texts = (values: readonly unknown[]): string[] =>
          values.map((value) => JSON.stringify(value)).sort();
        assert.deepEqual(texts(inserted.rejected), texts(selected.rejected));
      });
    }
  } finally {
    await source.run('SET GLOBAL mysql56_temporal_format = DEFAULT');
  }
});

test('identifiers and addresses come from mariadb as it shows them', async () => {
  await using source = await TestSource.open('mariadb');
  await using changed = await ChangedSource.open(source);
  const uuids = Array.from('0123456789abcdef').flatMap((version) =>
    Array.from('0479bcef').map(
      (variant) => `12345678-9abc-${version}def-${variant}123-456789abcdef`,
    ),
  );
  const others = ['00000000-0000-0000-8000-000000000001', '00000000-0000-6000-0000-000000000000'];
  const words = ['0', '1', 'ffff', '0', 'ab', '0', '0', '5', '0', '0', '0', '9'];
  const addresses = Array.from({ length: 300 }, (_, n) =>
    Array.from({ length: 8 }, (_word, i) => words[(n * 5 + i * (1 + (n % 7))) % words.length]).join(
      ':',
    ),
  );
  const more = [
    '::',
    '::1',
    '::1.2.3.4',
    '::ffff:1.2.3.4',
    '1::',
    '::2:0:0',
    'fe80::1',
    '::ffff:0:0',
  ];
  await assertInserted(
    changed,
    'ids',
    'CREATE TABLE ids (u UUID, i INET6, f INET4)',
    `INSERT INTO ids (u) VALUES ${[...uuids, ...others].map((one) => `('${one}')`).join(', ')}`,
    `INSERT INTO ids (i, f) VALUES ${[...addresses, ...more].map((one, n) => `('${one}', '${n % 256}.0.${n % 7}.0')`).join(', ')}`,
  );
});
