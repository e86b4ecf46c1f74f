/**
 * (c) The classic way to copy a table: mysql2 makes an object of each row, a pool of threads
 * sanitizes batches that get there and back by structured clone, the Appender takes value by value
 * into a staging table, and the cutover is DELETE and INSERT … SELECT. Done with care: rows are
 * streamed, several batches are on their way at once, and nothing is converted twice. Prints its
 * result as JSON. Arguments: the URL with the database, the number of rows, the DuckDB file.
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBTimestampValue,
} from '@duckdb/node-api';
import mysql, { type Connection } from 'mysql2';
import { Piscina } from 'piscina';
import type { ClassicColumn, ClassicTask, ClassicValue } from './classic-worker.js';
import { compiledFile } from './compiled-file.js';
import type { TimedRows } from './timed-rows.js';

const THREADS = 2;
const BATCH_ROWS = 5_000;
const BATCHES_IN_FLIGHT = THREADS + 2;
const FLUSH_ROWS = 100_000;
const DECIMAL_WIDTH = 12;
const DECIMAL_SCALE = 2;

/** The main table's; a general program would derive them from INFORMATION_SCHEMA. */
const columns: readonly (ClassicColumn & { readonly type: string })[] = [
  { name: 'id', kind: 'bigint', type: 'UBIGINT' },
  { name: 'user_id', kind: 'integer', type: 'INTEGER' },
  { name: 'status', kind: 'text', type: 'VARCHAR' },
  { name: 'email', kind: 'text', type: 'VARCHAR' },
  { name: 'amount', kind: 'decimal', type: `DECIMAL(${DECIMAL_WIDTH}, ${DECIMAL_SCALE})` },
  { name: 'qty', kind: 'integer', type: 'INTEGER' },
  { name: 'gift', kind: 'boolean', type: 'BOOLEAN' },
  { name: 'note', kind: 'text', type: 'VARCHAR' },
  { name: 'created_at', kind: 'timestamp', type: 'TIMESTAMP' },
  { name: 'updated_at', kind: 'timestamp', type: 'TIMESTAMP' },
];

const [url = '', rowLimit = '', duckdbPath = ''] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await copyTable()));

async function copyTable(): Promise<TimedRows> {
  const start = performance.now();
  const source = mysql.createConnection({
    uri: url,
    dateStrings: true,
    supportBigNumbers: true,
    timezone: 'Z',
  });
  source.query(`SET SESSION time_zone = '+00:00'`);
  const instance = await DuckDBInstance.create(duckdbPath);
  const target = await instance.connect();
  const list = columns.map(({ name, type }) => `${name} ${type}`).join(', ');
  await target.run(`CREATE TABLE items (${list}); CREATE TABLE staging (${list})`);
  const rows = await stage(source, target);
  await target.run('BEGIN; DELETE FROM items; INSERT INTO items SELECT * FROM staging; COMMIT');
  await target.run('DROP TABLE staging; CHECKPOINT');
  target.closeSync();
  instance.closeSync();
  source.end();
  await once(source, 'end');
  return { rows, seconds: (performance.now() - start) / 1000 };
}

async function stage(source: Connection, target: DuckDBConnection): Promise<number> {
  const pool = new Piscina<ClassicTask, ClassicValue[][]>({
    filename: fileURLToPath(compiledFile('classic-worker')),
    minThreads: THREADS,
    maxThreads: THREADS,
  });
  const appender = await target.createAppender('staging');
  const inFlight = new Set<Promise<void>>();
  let appended = 0;
  const append = async (rows: Record<string, unknown>[]) => {
    for (const row of await pool.run({ columns, rows })) appendRow(appender, row);
    const before = appended;
    appended += rows.length;
    if (Math.floor(before / FLUSH_ROWS) < Math.floor(appended / FLUSH_ROWS)) appender.flushSync();
  };
  for await (const batch of batches(source)) {
    const appending = append(batch).finally(() => inFlight.delete(appending));
    inFlight.add(appending);
    if (inFlight.size >= BATCHES_IN_FLIGHT) await Promise.race(inFlight);
  }
  await Promise.all(inFlight);
  appender.closeSync();
  await pool.destroy();
  return appended;
}

async function* batches(source: Connection): AsyncGenerator<Record<string, unknown>[]> {
  const stream = source
    .query(`SELECT * FROM items WHERE id <= ${Number(rowLimit)}`)
    .stream({ highWaterMark: BATCH_ROWS });
  let batch: Record<string, unknown>[] = [];
  for await (const row of stream as AsyncIterable<Record<string, unknown>>) {
    batch.push(row);
    if (batch.length < BATCH_ROWS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function appendRow(appender: DuckDBAppender, row: readonly ClassicValue[]): void {
  for (const [index, value] of row.entries()) appendValue(appender, columns[index], value);
  appender.endRow();
}

function appendValue(appender: DuckDBAppender, { kind }: ClassicColumn, value: ClassicValue): void {
  if (value === null) {
    appender.appendNull();
    return;
  }
  switch (kind) {
    case 'bigint':
      appender.appendUBigInt(value as bigint);
      break;
    case 'integer':
      appender.appendInteger(value as number);
      break;
    case 'boolean':
      appender.appendBoolean(value as boolean);
      break;
    case 'decimal':
      appender.appendDecimal(new DuckDBDecimalValue(value as bigint, DECIMAL_WIDTH, DECIMAL_SCALE));
      break;
    case 'text':
      appender.appendVarchar(value as string);
      break;
    case 'timestamp':
      appender.appendTimestamp(new DuckDBTimestampValue(value as bigint));
      break;
  }
}
