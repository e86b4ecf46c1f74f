import { type ColumnBatch, layoutBatch } from '../batch/column-batch.js';
import { quoteDuckdbText } from '../common/identifiers.js';
import type { ColumnPlan } from '../model/column-plan.js';
import type { Database } from './database.js';
import { qualifiedName } from './ddl.js';

/**
 * The fallback when the fast path fails for a table: the same batches as `INSERT … VALUES`
 * statements, each value as an SQL literal. Slow, and independent of everything native.
 */
export class InsertWriter {
  constructor(
    private readonly database: Database,
    private readonly schema: string,
    private readonly table: string,
    private readonly columns: readonly ColumnPlan[],
    /** Rows per statement. */
    private readonly statementRows: number,
  ) {}

  async write(batch: ColumnBatch): Promise<void> {
    const readers = createReaders(this.columns, batch);
    const into = `INSERT INTO ${qualifiedName(this.database, this.schema, this.table)} VALUES `;
    for (let from = 0; from < batch.rows; from += this.statementRows) {
      const to = Math.min(batch.rows, from + this.statementRows);
      const tuples: string[] = [];
      for (let row = from; row < to; row++) {
        tuples.push(`(${readers.map((read) => read(row)).join(',')})`);
      }
      await this.database.run(into + tuples.join(','));
    }
  }
}

type LiteralReader = (row: number) => string;

function createReaders(columns: readonly ColumnPlan[], batch: ColumnBatch): LiteralReader[] {
  const layout = layoutBatch(columns, batch.capacity);
  return columns.map((column, index) => {
    const { dataOffset, validityOffset } = layout.columns[index];
    const validity = new Uint8Array(batch.fixed, validityOffset);
    const read = createReader(column, batch, dataOffset);
    return (row) => ((validity[row >> 3] & (1 << (row & 7))) === 0 ? 'NULL' : read(row));
  });
}

function createReader(column: ColumnPlan, batch: ColumnBatch, dataOffset: number): LiteralReader {
  const view = new DataView(batch.fixed, dataOffset);
  const cast = (text: string): string => `${text}::${column.duckdbType}`;
  const { encoding } = column;
  switch (encoding.kind) {
    case 'copy':
      return numberReader(column, view, encoding.bytes);
    case 'tinyint-boolean':
      return (row) => booleanLiteral(view.getUint8(row));
    case 'bit':
      return encoding.boolean
        ? (row) => booleanLiteral(view.getUint8(row))
        : (row) => cast(view.getBigUint64(row * 8, true).toString());
    case 'decimal':
      return (row) => cast(quoteDuckdbText(readDecimal(view, row, encoding.bytes, encoding.scale)));
    case 'date':
      return (row) => `(DATE '1970-01-01' + ${view.getInt32(row * 4, true)})`;
    case 'timestamp':
      return (row) => cast(`make_timestamp(${view.getBigInt64(row * 8, true)})`);
    case 'time':
      return (row) => `(TIME '00:00:00' + to_microseconds(${view.getBigInt64(row * 8, true)}))`;
    case 'time-interval':
      return (row) => `to_microseconds(${view.getBigInt64(row * 16 + 8, true)})`;
    case 'text':
      // In hex: a literal can't hold a zero byte.
      return (row) => cast(`decode(unhex('${readString(view, batch, row).toString('hex')}'))`);
    case 'bytes':
      return (row) => `unhex('${readString(view, batch, row).toString('hex')}')`;
    case 'geometry':
      return (row) => `ST_GeomFromWKB(unhex('${readString(view, batch, row).toString('hex')}'))`;
    case 'vector':
      return (row) => cast(readFloats(view, batch, row));
    case 'uuid-text':
      return (row) => cast(`'${readUuid(view, row)}'`);
  }
}

function booleanLiteral(value: number): string {
  return value === 0 ? 'false' : 'true';
}

function numberReader(column: ColumnPlan, view: DataView, bytes: 1 | 2 | 4 | 8): LiteralReader {
  const { duckdbType } = column;
  const unsigned = duckdbType.startsWith('U');
  if (duckdbType === 'FLOAT') return (row) => floatLiteral(view.getFloat32(row * 4, true), 'FLOAT');
  if (duckdbType === 'DOUBLE') {
    return (row) => floatLiteral(view.getFloat64(row * 8, true), 'DOUBLE');
  }
  switch (bytes) {
    case 1:
      return (row) => String(unsigned ? view.getUint8(row) : view.getInt8(row));
    case 2:
      return (row) =>
        String(unsigned ? view.getUint16(row * 2, true) : view.getInt16(row * 2, true));
    case 4:
      return (row) =>
        String(unsigned ? view.getUint32(row * 4, true) : view.getInt32(row * 4, true));
    case 8:
      return (row) =>
        String(unsigned ? view.getBigUint64(row * 8, true) : view.getBigInt64(row * 8, true));
  }
}

/** As text, which DuckDB parses to the nearest float; JS prints -0 without its sign. */
function floatLiteral(value: number, type: string): string {
  return `'${Object.is(value, -0) ? '-0.0' : String(value)}'::${type}`;
}

function readDecimal(view: DataView, row: number, bytes: number, scale: number): string {
  let unscaled: bigint;
  if (bytes === 2) unscaled = BigInt(view.getInt16(row * 2, true));
  else if (bytes === 4) unscaled = BigInt(view.getInt32(row * 4, true));
  else if (bytes === 8) unscaled = view.getBigInt64(row * 8, true);
  else unscaled = readInt128(view, row * 16);
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const sign = unscaled < 0n ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function readInt128(view: DataView, at: number): bigint {
  return (view.getBigInt64(at + 8, true) << 64n) | view.getBigUint64(at, true);
}

const INLINE_BYTES = 12;

function readString(view: DataView, batch: ColumnBatch, row: number): Buffer {
  const length = view.getUint32(row * 16, true);
  return length <= INLINE_BYTES
    ? Buffer.from(view.buffer, view.byteOffset + row * 16 + 4, length)
    : Buffer.from(batch.heap, view.getUint32(row * 16 + 8, true), length);
}

function readFloats(view: DataView, batch: ColumnBatch, row: number): string {
  const count = view.getUint32(row * 16, true);
  const floats = new DataView(batch.heap, view.getUint32(row * 16 + 8, true));
  const items = Array.from({ length: count }, (_, i) =>
    floatLiteral(floats.getFloat32(i * 4, true), 'FLOAT'),
  );
  return `[${items.join(',')}]`;
}

function readUuid(view: DataView, row: number): string {
  const unsigned = BigInt.asUintN(128, readInt128(view, row * 16) ^ (1n << 127n));
  const hex = unsigned.toString(16).padStart(32, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
