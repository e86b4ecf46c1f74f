import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import mysql from 'mysql2/promise';
import { binaryJsonText } from '../../../src/source/binlog/binary-json.js';
import { TestSource } from '../../helpers/test-source.js';
import { binlogEnd, readBinlog, type BinlogEvent } from './raw-binlog.js';

const TABLE_MAP = 19;
const WRITE_ROWS = 30;

/** SQL expressions of type JSON. */
const DOCUMENTS: readonly string[] = [
  // Literals and numbers, each as the root, in a small and in an object.
  ...[
    'null',
    'true',
    'false',
    '0',
    '1',
    '-1',
    '127',
    '-32768',
    '32767',
    '32768',
    '65535',
    '65536',
  ].map(json),
  ...['-32769', '2147483647', '2147483648', '-2147483648', '-2147483649', '4294967295'].map(json),
  ...['4294967296', '9007199254740993', '9223372036854775807', '-9223372036854775808'].map(json),
  ...['9223372036854775808', '18446744073709551615', '18446744073709551616'].map(json),
  json('[0, 1, -1, 32767, -32769, 65535, 65536, 4294967295, 9223372036854775807, true, null]'),
  json('{"int": 1, "uint": 65536, "big": 18446744073709551615, "no": false}'),
  // Doubles.
  ...[
    '1.0',
    '-1.0',
    '0.0',
    '-0.0',
    '1.5',
    '0.1',
    '-123.456',
    '1e14',
    '123456789012345.0',
    '1e15',
  ].map(json),
  ...['999999999999999.0', '1234567890123456.0', '1e16', '1e20', '1.5e20', '1e22', '1e300'].map(
    json,
  ),
  ...['0.001', '1e-7', '1e-13', '1e-14', '1e-15', '1.5e-15', '1e-16', '-2.5e-99', '1e-100'].map(
    json,
  ),
  ...['1.7976931348623157e308', '5e-324', '2.2250738585072014e-308', '0.1e1', '100e-2'].map(json),
  json('[1234567890123456.5, -1075596460623862.4, 100000000000000.25, 1234567890123456.0]'),
  json('[-1.2345678901234567e-14, -1.2345678901234567e-15, 1.7976931348623157e-15]'),
  json('[9007199254740993.0, 2e23, 8.41e21, 9.5367431640625e-7, 5e-5, 123456.789e3]'),
  // Strings.
  json('""'),
  json('"a"'),
  json(String.raw`"\" \\ \/ \b\f\n\r\t"`),
  json(String.raw`"\u0000\u0001\u001f\u007f\u0080\u009f"`),
  json(String.raw`"\u2028\u2029\ufeff\u00e4\ud83e\udd86"`),
  json('"🦆 größer 鴨 \u2028 \u2029 \u007f \ufeff"'),
  json('"\ufeffmark first"'),
  ...[10, 127, 128, 16_383, 16_384, 70_000].map((length) => `JSON_QUOTE(REPEAT('x', ${length}))`),
  `JSON_QUOTE(REPEAT('ü"', 5000))`,
  // Containers.
  json('[]'),
  json('{}'),
  json('[[]]'),
  json('[{}, []]'),
  json('{"a": 1, "b": [1, 2]}'),
  json('{"b": 1, "a": 2, "aa": 3, "": 4, "B": 5, "ä": 6, "10": 7, "9": 8, "1": 9}'),
  json('{"__proto__": 1, "constructor": 2, "toString": {"__proto__": null}}'),
  json(
    String.raw`{"a b": 1, "quote\"s": 2, "back\\slash": 3, "line\nbreak": 4, "\u0000": 5, "/": 6}`,
  ),
  json('{"🦆": {"鴨": [{"ключ": "значение"}]}}'),
  json('{"same": 1, "same": 2}'),
  json(`${'['.repeat(99)}1${']'.repeat(99)}`),
  json(`${'['.repeat(100)}${']'.repeat(100)}`),
  json(`${'{"a":'.repeat(99)}"deep"${'}'.repeat(99)}`),
  json(`{"${'k'.repeat(300)}": {"${'l'.repeat(65_535)}": 1}}`),
  json(JSON.stringify(Array.from({ length: 300 }, (_, index) => [index, String(index), null]))),
  // Large containers, which inline 32 bits.
  json(JSON.stringify(Array.from({ length: 40_000 }, (_, index) => index * 1_000))),
  json(JSON.stringify(Array.from({ length: 30_000 }, (_, index) => -index * 70_000))),
  json(
    JSON.stringify(
      Object.fromEntries(Array.from({ length: 9000 }, (_, index) => [`key${index}`, index * 2])),
    ),
  ),
  `JSON_ARRAY(REPEAT('é', 40000), 1, 70000, -70000, 5000000000, 4294967295, 1.5e0, TRUE, NULL, JSON_ARRAY(1, 'x'))`,
  `JSON_OBJECT('long', REPEAT('x', 66000), 'a', -2147483648, 'small', JSON_OBJECT('a', 1, 'b', JSON_ARRAY()))`,
  // Decimals.
  ...[
    '0',
    '0.0',
    '1',
    '-1',
    '1.10',
    '-0.5',
    '0.05',
    '100',
    '999999999',
    '1000000000.000000001',
  ].map((number) => `CAST(CAST('${number}' AS DECIMAL(30,10)) AS JSON)`),
  ...['0', '-0.00', '0.5', '-0.05', '12345', '-99999.99'].map((number) => `JSON_ARRAY(${number})`),
  `CAST(CAST('-12345678901234567890123456789012345.678901234567890123456789012345' AS DECIMAL(65,30)) AS JSON)`,
  `CAST(CAST('${'9'.repeat(65)}' AS DECIMAL(65,0)) AS JSON)`,
  `CAST(CAST('-0.${'0'.repeat(29)}1' AS DECIMAL(30,30)) AS JSON)`,
  `JSON_ARRAY(CAST(5 AS DECIMAL(9,0)), CAST(-5.5 AS DECIMAL(18,9)), CAST(-0.1 AS DECIMAL(1,1)))`,
  // Temporal.
  ...[
    "DATE '2020-01-01'",
    "DATE '0001-01-01'",
    "CAST('9999-12-31' AS DATE)",
    "CAST('2000-00-00' AS DATE)",
  ].map((date) => `CAST(${date} AS JSON)`),
  `CAST(CAST('0000-00-00' AS DATETIME) AS JSON)`,
  `CAST(TIMESTAMP '2020-01-01 00:00:00' AS JSON)`,
  `CAST(CAST('2024-02-29 23:59:59.123456' AS DATETIME(6)) AS JSON)`,
  `CAST(CAST('9999-12-31 23:59:59.999999' AS DATETIME(6)) AS JSON)`,
  `CAST(CAST('1969-07-20 20:17:40.5' AS DATETIME(1)) AS JSON)`,
  ...[
    '00:00:00',
    '-00:00:00.000001',
    '12:34:56',
    '-01:00:00',
    '-11:22:33.5',
    '-838:59:59',
    '838:59:59',
  ].map((time) => `CAST(CAST('${time}' AS TIME(6)) AS JSON)`),
  // Bytes.
  ...[
    '',
    '00',
    '00FF80',
    'FEFDFC',
    'AB'.repeat(57),
    'AB'.repeat(58),
    'CD'.repeat(114),
    'EF'.repeat(1000),
  ].map((hex) => `CAST(x'${hex}' AS JSON)`),
  `JSON_ARRAY(b'101', x'41', _binary 'a', CAST('b' AS BINARY(4)))`,
  `CAST(CAST(2024 AS YEAR) AS JSON)`,
  `CAST(ST_GeomFromText('POINT(1 2.5)') AS JSON)`,
  `CAST(ST_GeomFromText('POLYGON((0 0,1e20 0,1 1e-20,0 0))') AS JSON)`,
];

function json(text: string): string {
  return `CAST(${mysql.escape(text)} AS JSON)`;
}

/** The column's bytes, null for NULL, from the row events of the table (id INT, doc JSON). */
function documentsOf(events: readonly BinlogEvent[], database: string): (Buffer | null)[] {
  const tables = new Set<number>();
  const documents: (Buffer | null)[] = [];
  for (const { type, body } of events) {
    const table = body.length < 6 ? -1 : body.readUIntLE(0, 6);
    if (type === TABLE_MAP) {
      const name = body.toString('utf8', 9, 9 + body[8]);
      if (name === database) tables.add(table);
    } else if (type === WRITE_ROWS && tables.has(table)) {
      // Behind the table's id, flags, extra data, column count and bitmap.
      let at = 8 + body.readUInt16LE(8) + 2;
      while (at < body.length) {
        const isNull = (body[at] & 2) !== 0;
        at += 5;
        const length = isNull ? 0 : body.readUInt32LE(at);
        documents.push(isNull ? null : body.subarray(at + 4, at + 4 + length));
        at += isNull ? 0 : 4 + length;
      }
    }
  }
  return documents;
}

/** Inserts what `insert` selects into docs(id, doc), and compares every text with the server's. */
async function compareDocuments(source: TestSource, inserts: readonly string[]): Promise<number> {
  await using connection = await mysql.createConnection({ uri: source.url, charset: 'utf8mb4' });
  const from = await binlogEnd(connection);
  for (const insert of inserts) await source.run(insert);
  const documents = documentsOf(await readBinlog(source.serverUrl, from), source.database);
  const expected = await source.texts('SELECT doc FROM docs ORDER BY id');
  assert.equal(documents.length, expected.length);
  documents.forEach((bytes, index) => {
    const actual = bytes === null ? null : embeddedText(bytes);
    if (actual !== expected[index][0]) assertSameText(actual, expected[index][0]);
  });
  return documents.length;
}

/** Fails, showing only the place where the texts part. */
function assertSameText(actual: string | null, expected: string | null): void {
  let at = 0;
  while (actual?.[at] === expected?.[at] && at < (actual?.length ?? 0)) at++;
  const from = Math.max(0, at - 40);
  assert.equal(actual?.slice(from, at + 80), expected?.slice(from, at + 80), `from ${from}`);
}

/** The text of a document that stands in the middle of other bytes. */
function embeddedText(bytes: Buffer): string {
  const around = new Uint8Array(bytes.length + 20).fill(0xa5);
  around.set(bytes, 7);
  return binaryJsonText(around, 7, 7 + bytes.length);
}

test('documents of every kind have the text that the server prints', async () => {
  await using source = await TestSource.open('mysql');
  await source.run('CREATE TABLE docs (id INT AUTO_INCREMENT PRIMARY KEY, doc JSON)');
  const inserts = [...DOCUMENTS, 'NULL'].map((sql) => `INSERT INTO docs (doc) SELECT ${sql}`);
  await compareDocuments(source, inserts);
});

test('an object over columns of every type has the text that the server prints', async () => {
  await using source = await TestSource.open('mysql');
  const columns: readonly [type: string, ...values: string[]][] = [
    ['TINYINT', '-128', '127'],
    ['TINYINT UNSIGNED', '255'],
    ['BOOLEAN', 'TRUE'],
    ['SMALLINT', '-32768'],
    ['MEDIUMINT UNSIGNED', '16777215'],
    ['INT', '-2147483648'],
    ['INT ZEROFILL', '42'],
    ['BIGINT', '-9223372036854775808'],
    ['BIGINT UNSIGNED', '18446744073709551615'],
    ['DECIMAL(10,3)', '1.5', '-0.001', '0'],
    ['DECIMAL(5,0)', '-7'],
    ['FLOAT', '1.1', '16777216', '1e30', '0'],
    ['DOUBLE', '1.1', '1e22', '3'],
    ['BIT(1)', `b'1'`],
    ['BIT(16)', `b'1010'`],
    ['BIT(64)', `x'FFEEDDCCBBAA9988'`],
    ['DATE', `'2020-01-01'`, `'0000-00-00'`, `'2020-00-31'`],
    ['DATETIME', `'2020-01-01 10:11:12'`, `'0000-00-00'`],
    ['DATETIME(6)', `'2020-01-01 10:11:12.123456'`],
    ['TIMESTAMP', `'2020-01-01 10:11:12'`, `'0000-00-00'`],
    ['TIMESTAMP(3)', `'2020-01-01 10:11:12.125'`],
    ['TIME', `'-11:12:13'`, `'838:59:59'`],
    ['TIME(4)', `'-00:00:00.1234'`],
    ['YEAR', '2024', '0'],
    ['CHAR(5)', `'ab'`],
    ['VARCHAR(50) CHARACTER SET latin1', `'größer "x"'`],
    ['BINARY(5)', `'ab'`],
    ['VARBINARY(50)', `x'00FF'`],
    ['TINYBLOB', `x'00FF'`],
    ['BLOB', `x'00FF'`, `REPEAT('z', 60)`],
    ['MEDIUMBLOB', `x'00FF'`],
    ['LONGBLOB', `x''`],
    ['TINYTEXT', `'t'`],
    ['TEXT', `'🦆'`],
    ['LONGTEXT', `'l'`],
    [`ENUM('x','y')`, `'y'`],
    [`SET('x','y','z')`, `'x,z'`, `''`],
    ['GEOMETRY', `ST_GeomFromText('LINESTRING(0 0,1.5 1)')`],
    ['JSON', `'{"in": [1, 2.5]}'`],
  ];
  await source.run(
    'CREATE TABLE docs (id INT AUTO_INCREMENT PRIMARY KEY, doc JSON)',
    `CREATE TABLE typed (id INT PRIMARY KEY, ${columns.map(([type], index) => `c${index} ${type} NULL`).join(', ')})`,
  );
  const most = Math.max(...columns.map((column) => column.length - 1));
  for (let row = 0; row < most; row++) {
    const values = columns.map(([, ...column]) => column[row] ?? 'NULL').join(', ');
    await source.run(`INSERT INTO typed VALUES (${row}, ${values})`);
  }
  const object = columns.map((_, index) => `'c${index}', c${index}`).join(', ');
  const array = columns.map((_, index) => `c${index}`).join(', ');
  const rows = await compareDocuments(source, [
    `INSERT INTO docs (doc) SELECT JSON_OBJECT(${object}) FROM typed ORDER BY id`,
    `INSERT INTO docs (doc) SELECT JSON_ARRAY(${array}) FROM typed ORDER BY id`,
    ...columns.flatMap(([type], index) =>
      // JSON_ARRAYAGG takes no geometries.
      type === 'GEOMETRY'
        ? []
        : [`INSERT INTO docs (doc) SELECT JSON_ARRAYAGG(c${index}) FROM typed`],
    ),
    ...columns.map(
      (_, index) =>
        `INSERT INTO docs (doc) SELECT JSON_ARRAY(REPEAT('x', 66000), c${index}) FROM typed WHERE id = 0`,
    ),
  ]);
  assert.equal(rows, 2 * most + 2 * columns.length - 1);
});

test('documents at random have the text that the server prints', async () => {
  await using source = await TestSource.open('mysql');
  await source.run('CREATE TABLE docs (id INT AUTO_INCREMENT PRIMARY KEY, doc JSON)');
  const characters = fc.string({ unit: 'grapheme', maxLength: 40 });
  const numbers = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
  );
  const { value } = fc.letrec((tie) => ({
    leaf: fc.oneof(
      fc.boolean(),
      fc.constant(null),
      characters,
      fc.string({ unit: 'binary' }),
      numbers,
    ),
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      tie('leaf'),
      fc.array(tie('value')),
      fc.dictionary(characters, tie('value')),
    ),
  }));
  const samples = fc.sample(value, { numRuns: 1500, seed: 4 });
  const inserts: string[] = [];
  for (let at = 0; at < samples.length; at += 100) {
    const values = samples
      .slice(at, at + 100)
      .map((sample) => `(${mysql.escape(JSON.stringify(sample))})`);
    inserts.push(`INSERT INTO docs (doc) VALUES ${values.join(', ')}`);
  }
  assert.equal(await compareDocuments(source, inserts), samples.length);
});

test('a document that was left out is null, as the server prints it', async () => {
  await using source = await TestSource.open('mysql');
  await source.run('CREATE TABLE docs (id INT AUTO_INCREMENT PRIMARY KEY, doc JSON NOT NULL)');
  await compareDocuments(source, [
    'INSERT INTO docs () VALUES ()',
    `INSERT IGNORE INTO docs (doc) VALUES (NULL), ('[]')`,
  ]);
});

test('an empty document is null, and what is cut off or broken is an error', () => {
  assert.equal(binaryJsonText(new Uint8Array([1, 2]), 1, 1), 'null');
  const array = [0x02, 0x01, 0x00, 0x0a, 0x00, 0x0c, 0x07, 0x00, 0x02, 0x61, 0x62];
  assert.equal(binaryJsonText(new Uint8Array(array), 0, array.length), '["ab"]');
  for (let length = 1; length < array.length; length++) {
    assert.throws(() => binaryJsonText(new Uint8Array(array), 0, length), String(length));
  }
  assert.throws(() => binaryJsonText(new Uint8Array([0x0d, 0]), 0, 2), /value type 13/);
  assert.throws(() => binaryJsonText(new Uint8Array([0x04, 3]), 0, 2), /literal 3/);
  // An array whose element is the array itself.
  const itself = new Uint8Array([0x02, 0x01, 0x00, 0x07, 0x00, 0x02, 0x00, 0x00]);
  assert.throws(() => binaryJsonText(itself, 0, itself.length), /nested too deeply/);
});
