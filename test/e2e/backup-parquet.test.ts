import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { assertFailedClearly } from './support/clear-message.js';
import type { TakenBackup } from './support/kept-source.js';

interface ParquetFile {
  readonly rows: readonly Record<string, unknown>[];
  readonly codecs: readonly string[];
  /** Of the columns: their types in the file, as readers have them. */
  readonly types: Readonly<Record<string, string>>;
}

/** By a reader that is not DuckDB's. */
async function readParquet(file: string): Promise<ParquetFile> {
  const bytes = await readFile(file);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const metadata = parquetMetadata(buffer);
  const rows = await parquetReadObjects({ file: buffer, compressors, utf8: false });
  const codecs = metadata.row_groups.flatMap(({ columns }) =>
    columns.map(({ meta_data }) => String(meta_data?.codec)),
  );
  const types = metadata.schema
    .filter(({ num_children }) => num_children === undefined)
    .map(({ name, type, converted_type }) => [name, `${type} ${converted_type ?? ''}`.trim()]);
  return {
    rows,
    codecs: [...new Set(codecs)],
    types: Object.fromEntries(types) as Record<string, string>,
  };
}

const KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';

test('a Parquet backup is what other programs read: ZSTD, portable types, partitions', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await source.run(
    `CREATE TABLE typed (id INT PRIMARY KEY, big BIGINT UNSIGNED, small TINYINT UNSIGNED,
       exact DECIMAL(30,10), at DATETIME(6), clock TIME(6), doc JSON, place GEOMETRY, bytes BLOB,
       text VARCHAR(20), flag BOOLEAN, day DATE)`,
    `INSERT INTO typed VALUES (1, 18446744073709551615, 255, 12345678901234567890.0123456789,
       '2024-02-29 12:13:14.151617', '11:12:13.141516', '{"a": 1}', ST_GeomFromText('POINT(1 2)'),
       x'00ff', 'ä', TRUE, '2024-02-29')`,
    'INSERT INTO typed (id) VALUES (2)',
    'CREATE TABLE orders (id INT PRIMARY KEY, status VARCHAR(10), total INT)',
    "INSERT INTO orders VALUES (1, 'new', 10), (2, 'paid', 20), (3, 'new', 30), (4, NULL, 40)",
    'CREATE TABLE nothing (id INT PRIMARY KEY)',
  );
  const env = {
    MYSQL_URL: source.url,
    DUCKDB_PATH: folder.file('replica.duckdb'),
    BACKUP_TARGET: folder.file('backups'),
    BACKUP_FORMAT: 'parquet',
    PARTITION_BY: 'orders.status,*.absent',
  };
  assert.equal((await runDucktail(['sync'], env)).exitCode, 0);
  const run = await runDucktail(['backup', '--json'], env);
  assert.equal(run.exitCode, 0, run.stderr);
  const { backup } = run.json<TakenBackup>();
  const manifest = JSON.parse(await readFile(path.join(backup, 'manifest.json'), 'utf8')) as {
    content: string;
    files: { name: string }[];
    tables: { schema: string; name: string; rows: number }[];
  };
  assert.equal(manifest.content, 'parquet');
  assert.deepEqual(manifest.files.map(({ name }) => name).sort(), [
    'main/nothing.parquet',
    'main/orders/status=__HIVE_DEFAULT_PARTITION__/data_0.parquet',
    'main/orders/status=new/data_0.parquet',
    'main/orders/status=paid/data_0.parquet',
    'main/typed.parquet',
  ]);
  assert.deepEqual(
    manifest.tables.filter(({ schema }) => schema === 'main').map(({ name, rows }) => [name, rows]),
    [
      ['nothing', 0],
      ['orders', 4],
      ['typed', 2],
    ],
  );

  const paid = await readParquet(path.join(backup, 'main/orders/status=paid/data_0.parquet'));
  assert.deepEqual(paid.rows, [{ id: 2, total: 20 }]);
  assert.equal((await readParquet(path.join(backup, 'main/nothing.parquet'))).rows.length, 0);

  const typed = await readParquet(path.join(backup, 'main/typed.parquet'));
  assert.deepEqual(typed.codecs, ['ZSTD']);
  assert.equal(typed.rows.length, 2);
  assert.deepEqual(typed.types, {
    id: 'INT32 INT_32',
    big: 'FIXED_LEN_BYTE_ARRAY DECIMAL',
    small: 'INT32 INT_16',
    exact: 'FIXED_LEN_BYTE_ARRAY DECIMAL',
    at: 'INT64 TIMESTAMP_MICROS',
    clock: 'BYTE_ARRAY UTF8',
    doc: 'BYTE_ARRAY UTF8',
    place: 'BYTE_ARRAY',
    bytes: 'BYTE_ARRAY',
    text: 'BYTE_ARRAY UTF8',
    flag: 'BOOLEAN',
    day: 'INT32 DATE',
  });
  const [row] = typed.rows;
  assert.equal(row.clock, '11:12:13.141516');
  assert.equal(row.doc, '{"a": 1}');
  assert.equal(row.small, 255);
  assert.equal(row.text, 'ä');
  assert.equal(row.flag, true);
  assert.deepEqual([...(row.bytes as Uint8Array)], [0, 255]);
  // Little-endian WKB of a point.
  assert.deepEqual([...(row.place as Uint8Array)].slice(0, 5), [1, 1, 0, 0, 0]);
  // Work on it was done beside the replica.
  assert.deepEqual((await readdir(folder.path)).sort(), ['backups', 'replica.duckdb']);

  const secret = { ...env, BACKUP_ENCRYPTION_KEY: KEY };
  const sealed = (await runDucktail(['backup', '--json'], secret)).json<TakenBackup>();
  const names = await readdir(sealed.backup, { recursive: true });
  assert.ok(names.includes(path.join('main', 'typed.parquet.enc')), names.join());

  const wrong = await runDucktail(['backup', '--json'], { ...env, PARTITION_BY: 'orders.nowhere' });
  assertFailedClearly(wrong, {
    exitCode: 2,
    code: 'configuration',
    message: /^PARTITION_BY names orders\.nowhere, which there is not$/,
    hint: /table\.column/,
  });
  assert.equal((await readdir(folder.file('backups'))).length, 2);
});
