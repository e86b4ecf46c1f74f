import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC, util, type Decimal } from 'apache-arrow';
import { ServedReplica } from './support/served-replica.js';

const ARROW = 'application/vnd.apache.arrow.stream';

/** Every type of the type table, with its least and its greatest, and NULL. */
const COLUMNS: readonly (readonly [type: string, low: string, high: string])[] = [
  ['TINYINT', '-128', '127'],
  ['SMALLINT', '-32768', '32767'],
  ['INTEGER', '-2147483648', '2147483647'],
  ['BIGINT', '-9223372036854775808', '9223372036854775807'],
  ['UTINYINT', '0', '255'],
  ['USMALLINT', '0', '65535'],
  ['UINTEGER', '0', '4294967295'],
  ['UBIGINT', '0', '18446744073709551615'],
  ['BOOLEAN', 'false', 'true'],
  ['DECIMAL(4,1)', '-999.9', '999.9'],
  ['DECIMAL(9,2)', '-9999999.99', '9999999.99'],
  ['DECIMAL(18,3)', '-999999999999999.999', '999999999999999.999'],
  ['DECIMAL(38,10)', `-${'9'.repeat(28)}.${'9'.repeat(10)}`, `${'9'.repeat(28)}.${'9'.repeat(10)}`],
  ['FLOAT', '-1.5', '3.4028235e38'],
  ['DOUBLE', '-5e-324', '1.7976931348623157e308'],
  ['DATE', '0001-01-01', '9999-12-31'],
  ['TIME', '00:00:00', '23:59:59.999999'],
  ['TIMESTAMP', '0001-01-01 00:00:00', '9999-12-31 23:59:59.999999'],
  ['TIMESTAMPTZ', '1970-01-01 00:00:00.000001+00', '2038-01-19 03:14:07+00'],
  ['VARCHAR', '', 'é'.repeat(300)],
  ['BLOB', '', '\\x00\\xFF\\x5Cx00 \\x22\\x27~\\x7F0123456789012345678901234567890'],
  ['JSON', '{}', '{"a": [1, 2.50, null]}'],
  ['GEOMETRY', 'POINT (1 2)', 'LINESTRING (0 0, 1.5 -1.5)'],
  ['FLOAT[]', '[]', '[1.5, -2.25]'],
  ['UUID', '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  ['HUGEINT', `-${'9'.repeat(38)}`, '12345678901234567890'],
  ['INTERVAL', '-838:59:59', '838:59:59.999999'],
];

async function openReplica(): Promise<ServedReplica> {
  const replica = await ServedReplica.open();
  const { database } = replica;
  await database.run(
    `CREATE TABLE t (n INTEGER, ${COLUMNS.map(([type], at) => `c${at} ${type}`).join(', ')})`,
  );
  for (const [n, of] of [
    [0, 1],
    [1, 2],
  ] as const) {
    const values = COLUMNS.map((column) => `'${column[of]}'::${column[0]}`);
    await database.run(`INSERT INTO t SELECT ${n}, ${values.join(', ')}`);
  }
  await database.run(`INSERT INTO t (n) VALUES (2)`);
  return replica;
}

async function fetchBytes(replica: ServedReplica, query: string, accept: string): Promise<Buffer> {
  const reply = await replica.post('/api/query', { query }, { accept });
  const bytes = Buffer.from(await reply.arrayBuffer());
  assert.equal(reply.status, 200, bytes.toString());
  assert.ok(reply.headers.get('ducktail-freshness'));
  return bytes;
}

test('JSON has every type exactly', async () => {
  await using replica = await openReplica();
  const rows = await replica.rows('SELECT * FROM t ORDER BY n');
  const texts = await replica.rows(
    `SELECT ${COLUMNS.map((_, at) => `c${at}::VARCHAR AS c${at}`).join(', ')} FROM t ORDER BY n`,
  );
  for (const [at, [type]] of COLUMNS.entries()) {
    for (let row = 0; row < 3; row++) {
      const value = rows[row][`c${at}`];
      const text = texts[row][`c${at}`];
      if (type === 'FLOAT[]') {
        assert.deepEqual(value, text === null ? null : JSON.parse(String(text)), type);
      } else if (type === 'INTERVAL') {
        const { micros, ...rest } = (value ?? {}) as { micros?: string };
        const [expected] = await replica.rows(
          `SELECT epoch_us(c${at}) AS us FROM t WHERE n = ${row}`,
        );
        assert.deepEqual(rest, value === null ? {} : { months: 0, days: 0 });
        assert.equal(micros ?? null, expected.us, type);
      } else if (type === 'GEOMETRY') {
        const [wkb] = await replica.rows(
          `SELECT ST_AsWKB(c${at})::BLOB AS b FROM t WHERE n = ${row}`,
        );
        assert.equal(value, wkb.b, type);
      } else if (typeof value === 'number')
        assert.equal(value, type === 'FLOAT' ? Math.fround(Number(text)) : Number(text), type);
      else assert.equal(value === null ? null : String(value), text, type);
    }
  }
});

test('Arrow has every type exactly', async () => {
  await using replica = await openReplica();
  const table = tableFromIPC(await fetchBytes(replica, 'SELECT * FROM t ORDER BY n', ARROW));
  assert.equal(table.numRows, 3);
  const column = (at: number): unknown[] => {
    const vector = table.getChild(`c${at}`)!;
    return [0, 1, 2].map((row) => vector.get(row) as unknown);
  };
  const texts = await replica.rows(
    `SELECT ${COLUMNS.map(([type], at) => (type === 'BLOB' ? `hex(c${at})` : type === 'GEOMETRY' ? `hex(ST_AsWKB(c${at}))` : `c${at}::VARCHAR`) + ` AS c${at}`).join(', ')} FROM t ORDER BY n`,
  );
  for (const [at, [type]] of COLUMNS.entries()) {
    const values = column(at);
    assert.equal(values[2], null, type);
    for (const row of [0, 1]) {
      const text = String(texts[row][`c${at}`]);
      const value = values[row];
      if (value instanceof Uint8Array)
        assert.equal(Buffer.from(value).toString('hex').toUpperCase(), text, type);
      else if (/DECIMAL|HUGEINT/.test(type)) {
        const { scale } = table.schema.fields[at + 1].type as Decimal;
        const digits = util.bigNumToString(value as never);
        assert.equal(withPoint(digits, scale), text, type);
      } else if (['FLOAT', 'DOUBLE'].includes(type))
        assert.equal(
          value,
          Number(text) === Infinity
            ? value
            : type === 'FLOAT'
              ? Math.fround(Number(text))
              : Number(text),
          type,
        );
      else if (/^U?(TINY|SMALL|BIG)?INT|INTEGER|BOOLEAN|VARCHAR|JSON|UUID|INTERVAL/.test(type)) {
        assert.equal(String(value), text, type);
      } else if (type === 'FLOAT[]') {
        assert.deepEqual([...(value as Iterable<number>)], JSON.parse(text), type);
      }
    }
  }
  // Times, whose JS values would be rounded, as the numbers that are sent.
  const raw = (name: string): bigint[] => [
    ...(table.getChild(name)!.data[0].values as BigInt64Array),
  ];
  const micros = await replica.rows(
    'SELECT epoch_us(c17) AS ts, epoch_us(c18) AS tz, epoch_us(c16) AS tm FROM t WHERE n < 2 ORDER BY n',
  );
  assert.deepEqual(
    raw('c17').slice(0, 2).map(String),
    micros.map(({ ts }) => ts),
  );
  assert.deepEqual(
    raw('c18').slice(0, 2).map(String),
    micros.map(({ tz }) => tz),
  );
  assert.deepEqual(
    raw('c16').slice(0, 2).map(String),
    micros.map(({ tm }) => tm),
  );
});

function withPoint(digits: string, scale: number): string {
  const [sign, whole] = digits.startsWith('-') ? ['-', digits.slice(1)] : ['', digits];
  if (scale === 0) return sign + whole;
  const padded = whole.padStart(scale + 1, '0');
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

test('many rows of Arrow come in batches, and none at all as an empty table', async () => {
  await using replica = await ServedReplica.open();
  const query = `SELECT range AS n, CASE WHEN range % 3 = 0 THEN NULL ELSE 'text ' || range END AS t,
    range % 2 = 0 AS b, [range, NULL] AS l FROM range(100001)`;
  const table = tableFromIPC(await fetchBytes(replica, query, ARROW));
  assert.equal(table.numRows, 100_001);
  assert.ok(table.batches.length > 1);
  for (const at of [0, 1, 2, 3, 32_767, 32_768, 70_001, 99_999, 100_000]) {
    const { n, t, b, l } = table.get(at)!.toJSON() as {
      n: bigint;
      t: string;
      b: boolean;
      l: Iterable<bigint>;
    };
    assert.deepEqual([n, t, b], [BigInt(at), at % 3 === 0 ? null : `text ${at}`, at % 2 === 0]);
    assert.deepEqual([...l], [BigInt(at), null]);
  }
  const empty = tableFromIPC(await fetchBytes(replica, 'SELECT 1 AS a WHERE false', ARROW));
  assert.deepEqual([empty.numRows, empty.schema.names], [0, ['a']]);
});

test('lists in Arrow are those of their rows, whatever rows are picked', async () => {
  await using replica = await ServedReplica.open();
  await replica.database.run(
    `CREATE TABLE lists AS SELECT range AS n,
        CASE WHEN range % 5 = 0 THEN NULL ELSE range(range % 40) END AS l,
        [[range, NULL], NULL, range(range % 3)] AS ll, ['a' || range, NULL] AS t FROM range(5000)`,
  );
  const query = 'SELECT n, l, ll, t FROM lists WHERE n % 7 IN (1, 2, 5) ORDER BY n';
  const table = tableFromIPC(await fetchBytes(replica, query, ARROW));
  const rows = await replica.rows(query);
  assert.equal(table.numRows, rows.length);
  const plain = JSON.stringify(table.toArray(), (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  assert.deepEqual(JSON.parse(plain), rows);
});

const TEXT_FORMATS = ['application/json', 'application/x-ndjson', 'text/csv'];

test('rows that are too large for a format are refused, and come in others', async () => {
  await using replica = await ServedReplica.open({ memoryLimit: '1GB' });
  // Sizes that are written into a call are refused before.
  const refusals: readonly (readonly [query: string, formats: readonly string[]])[] = [
    [`SELECT repeat('x', n) AS v FROM (SELECT 65 * 1024 * 1024 AS n)`, TEXT_FORMATS],
    [`SELECT repeat('\\xFF'::BLOB, 17 * 1024 * 1024) AS v`, TEXT_FORMATS],
    [`SELECT [{v: range(n)}] AS v FROM (SELECT 2_000_000 AS n)`, TEXT_FORMATS],
    [`SELECT repeat('x', n) AS v FROM (SELECT 257 * 1024 * 1024 AS n)`, [...TEXT_FORMATS, ARROW]],
  ];
  for (const [query, formats] of refusals) {
    for (const accept of formats) {
      const reply = await replica.post('/api/query', { query }, { accept });
      assert.equal(reply.status, 422, `${query} as ${accept}`);
      assert.match(await reply.text(), /a row of the result has more than .* MB of texts/);
    }
  }
  const [fitting] = await replica.rows(
    `SELECT repeat('\\xFF'::BLOB, 1_000_000) AS b, range(100_000) AS l`,
  );
  assert.equal(fitting.b, '\\xFF'.repeat(1_000_000));
  assert.deepEqual(
    fitting.l,
    Array.from({ length: 100_000 }, (_, n) => String(n)),
  );
  const arrow = await fetchBytes(replica, refusals[0][0], ARROW);
  assert.equal(String(tableFromIPC(arrow).get(0)?.toJSON().v).length, 65 * 1024 * 1024);
});

test('Parquet has every type as the replica has, and leaves no file behind', async () => {
  await using replica = await openReplica();
  const query = 'SELECT * FROM t ORDER BY n -- the end;';
  const bytes = await fetchBytes(replica, query, 'application/vnd.apache.parquet');
  const folder = await mkdtemp(join(tmpdir(), 'ducktail-test-'));
  try {
    const file = join(folder, 'x.parquet');
    await writeFile(file, bytes);
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(`SET TimeZone = 'UTC'`);
    const list = COLUMNS.map(
      ([type], at) =>
        (type === 'GEOMETRY' ? `ST_AsText(c${at})` : `c${at}::VARCHAR`) + ` AS c${at}`,
    ).join(', ');
    const read = await connection.runAndReadAll(`SELECT ${list} FROM '${file}' ORDER BY n`);
    assert.deepEqual(
      read.getRowObjectsJson(),
      await replica.rows(`SELECT ${list} FROM t ORDER BY n`),
    );
    instance.closeSync();
  } finally {
    await rm(folder, { recursive: true });
  }
  assert.deepEqual(await readdir(`${replica.database.path}.exports`), []);
});

test('an unknown form is refused, and the best of several is sent', async () => {
  await using replica = await ServedReplica.open();
  const type = async (accept: string): Promise<string | number> => {
    const reply = await replica.post('/api/query', { query: 'SELECT 1 AS a' }, { accept });
    return reply.status === 200 ? (reply.headers.get('content-type') ?? '') : reply.status;
  };
  assert.equal(await type('application/xml'), 406);
  assert.equal(await type('text/csv;q=0.5, application/x-ndjson'), 'application/x-ndjson');
  assert.equal(await type('image/*, text/*;q=0.1'), 'text/csv');
  assert.match(String(await type('*/*')), /^application\/json/);
});

test('each form takes what is empty, called the same, or hard to write', async () => {
  await using replica = await ServedReplica.open();
  const forms = { json: 'application/json', ndjson: 'application/x-ndjson', csv: 'text/csv' };
  const as = async (query: string, form: string): Promise<string> =>
    (await fetchBytes(replica, query, form)).toString();
  for (const query of ['SELECT 1 AS a, 2 AS a, 3 AS "A", 4 AS a_1', 'SELECT 1 AS a WHERE false']) {
    const arrow = tableFromIPC(await fetchBytes(replica, query, ARROW));
    const { columns, rows } = JSON.parse(await as(query, forms.json)) as {
      columns: { name: string }[];
      rows: Record<string, unknown>[];
    };
    const names = columns.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(arrow.schema.names, names);
    assert.equal(arrow.numRows, rows.length);
    assert.equal((await as(query, forms.csv)).split('\r\n')[0], names.join(','));
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
    assert.equal(await as(query, forms.ndjson), lines.join(''));
    const parquet = await fetchBytes(replica, query, 'application/vnd.apache.parquet');
    assert.equal(parquet.subarray(0, 4).toString(), 'PAR1');
  }
  const hard = `SELECT -0.0::DOUBLE AS z, [-0.0::FLOAT] AS l, 'nan'::DOUBLE AS n, '-inf'::FLOAT AS i,
    {'a': [NULL, 1.5]} AS s, MAP {'k': 9007199254740993} AS m, chr(0) || '"é😀' AS t`;
  assert.equal(
    await as(hard, forms.ndjson),
    '{"z":-0,"l":[-0],"n":"NaN","i":"-Infinity","s":{"a":[null,"1.5"]},' +
      '"m":[{"key":"k","value":"9007199254740993"}],"t":"\\u0000\\"é😀"}\n',
  );
  for (const query of ['DESCRIBE _ducktail.tables', 'SHOW TABLES', 'SUMMARIZE _ducktail.tables']) {
    const parquet = await fetchBytes(replica, query, 'application/vnd.apache.parquet');
    assert.equal(parquet.subarray(0, 4).toString(), 'PAR1', query);
  }
});
