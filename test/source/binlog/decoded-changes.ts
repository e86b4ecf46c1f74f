import { BatchBuilder } from '../../../src/batch/batch-builder.js';
import { type ColumnBatch, layoutBatch } from '../../../src/batch/column-batch.js';
import { planChanges } from '../../../src/model/change-plan.js';
import {
  type ColumnPlan,
  planTable,
  type TablePlan,
  type TypeOptions,
} from '../../../src/model/column-plan.js';
import type { RejectedValue } from '../../../src/model/rejected-value.js';
import { CharacterSets } from '../../../src/source/binlog/character-sets.js';
import { EventType } from '../../../src/source/binlog/event-types.js';
import { RawEvent } from '../../../src/source/binlog/raw-event.js';
import { isRowsEvent } from '../../../src/source/binlog/rows-event.js';
import { TableChanges } from '../../../src/source/binlog/table-changes.js';
import { type TableMap, TableMapCache } from '../../../src/source/binlog/table-map.js';
import { describeMismatch } from '../../../src/source/binlog/table-mismatch.js';
import { readCatalog } from '../../../src/source/catalog.js';
import { openSession, type SourceSession } from '../../../src/source/connect.js';
import { RowDecoder } from '../../../src/source/rows/row-decoder.js';
import { RowStreamCommand } from '../../../src/source/rows/row-stream-command.js';
import { selectRows } from '../../../src/source/select-rows.js';
import type { TestSource } from '../../helpers/test-source.js';
import { type BinlogPlace, readBinlog } from './raw-binlog.js';
import { endpointOf } from '../test-account.js';

const CAPACITY = 64;

const DEFAULT_OPTIONS: TypeOptions = {
  tinyint1As: 'boolean',
  timeAs: 'time',
  timestampAs: 'timestamp',
};

/** Values as the hexadecimal digits of what the batch holds; strings' own bytes. */
export type HexRow = (string | null)[];

export interface DecodedRows {
  readonly rows: readonly HexRow[];
  readonly rejected: readonly RejectedValue[];
}

/** A source whose tables are read in both ways: by a SELECT, and from the binlog as it grows. */
export class ChangedSource implements AsyncDisposable {
  private readonly maps: TableMapCache;
  private place!: BinlogPlace;

  private constructor(
    readonly source: TestSource,
    readonly session: SourceSession,
    readonly charsets: CharacterSets,
    private readonly options: TypeOptions,
  ) {
    this.maps = new TableMapCache(session.isMariaDb);
  }

  static async open(
    source: TestSource,
    options: Partial<TypeOptions> = {},
  ): Promise<ChangedSource> {
    const session = await openSession(endpointOf(source.url));
    const charsets = await CharacterSets.read(session);
    const changed = new ChangedSource(source, session, charsets, {
      ...DEFAULT_OPTIONS,
      ...options,
    });
    await changed.skip();
    return changed;
  }

  async plan(table: string): Promise<TablePlan> {
    const tables = await readCatalog(this.session, this.source.database);
    const schema = tables.find(({ name }) => name === table);
    if (schema === undefined) throw new Error(`no table ${table}`);
    const plan = planTable(schema, this.options);
    await this.charsets.prepare(this.session, [plan]);
    return plan;
  }

  /** The table's rows by a prepared SELECT, as a snapshot reads them. */
  async select(plan: TablePlan): Promise<DecodedRows> {
    const batches = new Batches(plan.columns);
    const decoder = new RowDecoder(plan, batches.builder);
    const { protocol } = this.session;
    const sql = selectRows(plan.schema);
    const id = await new Promise<number>((resolve, reject) => {
      protocol.prepare(sql, (error, statement) => {
        if (error) reject(error);
        else resolve((statement as unknown as { id: number }).id);
      });
    });
    await new Promise<void>((resolve, reject) => {
      const onRow = (bytes: Uint8Array, start: number): void => {
        decoder.decode(bytes, start);
        batches.rowDone();
      };
      const onEnd = (error: Error | null): void => {
        if (error === null) resolve();
        else reject(error);
      };
      protocol.addCommand(new RowStreamCommand(id, onRow, onEnd));
    });
    protocol.unprepare(sql);
    return batches.finish();
  }

  /** What the binlog has since the last call is not wanted. */
  async skip(): Promise<void> {
    const statement = this.session.isMariaDb ? 'SHOW MASTER STATUS' : 'SHOW BINARY LOG STATUS';
    const [row] = await this.session.query<{ File: string; Position: string }>(statement);
    this.place = { file: row.File, position: Number(row.Position) };
  }

  /** From where `events` reads. */
  get readFrom(): BinlogPlace {
    return this.place;
  }

  /** Runs statements; all events that they bring. */
  async eventsOf(...statements: readonly string[]): Promise<Buffer[]> {
    await this.skip();
    await this.source.run(...statements);
    return this.events();
  }

  async events(): Promise<Buffer[]> {
    const events = await readBinlog(this.source.serverUrl, this.place);
    return events.map(({ event }) => event);
  }

  /** The last description of the table among the events. */
  mapOf(table: string, events: readonly Buffer[]): TableMap {
    const maps = events
      .filter((event) => event[4] === EventType.TABLE_MAP)
      .map((event) => this.maps.read(new RawEvent(event)))
      .filter(({ database, name }) => database === this.source.database && name === table);
    const map = maps.at(-1);
    if (map === undefined) throw new Error(`no TABLE_MAP event of ${table}`);
    return map;
  }

  /** The table's changes among the events, with `__ducktail_op` and `__ducktail_seq`. */
  decode(
    plan: TablePlan,
    events: readonly Buffer[],
    referenced: readonly string[] = [],
  ): DecodedRows {
    const batches = new Batches(planChanges(plan).columns);
    const decoders = new Map<TableMap, TableChanges>();
    let seq = 0;
    for (const event of events.map((bytes) => new RawEvent(bytes))) {
      if (event.type === EventType.TABLE_MAP) this.maps.read(event);
      if (!isRowsEvent(event.type)) continue;
      const map = this.maps.get(event.tableId);
      if (map?.database !== plan.schema.database || map.name !== plan.schema.name) continue;
      let changes = decoders.get(map);
      if (changes === undefined) {
        const mismatch = describeMismatch(plan, map, this.charsets);
        if (mismatch !== null) throw new Error(mismatch);
        const table = { id: 1, plan, after: null, referenced, isRelated: referenced.length > 0 };
        changes = new TableChanges(table, map, batches.builder, this.charsets);
        decoders.set(map, changes);
      }
      changes.decode(
        event,
        () => seq++,
        () => batches.rowDone(),
      );
    }
    return batches.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.close();
  }
}

/** Takes full batches away while they are filled. */
class Batches {
  readonly builder: BatchBuilder;
  private readonly rows: HexRow[] = [];
  private readonly rejected: RejectedValue[] = [];

  constructor(private readonly columns: readonly ColumnPlan[]) {
    this.builder = new BatchBuilder(columns, CAPACITY);
  }

  rowDone(): void {
    if (this.builder.isFull) this.take();
  }

  finish(): DecodedRows {
    this.take();
    return { rows: this.rows, rejected: this.rejected };
  }

  private take(): void {
    const batch = this.builder.take();
    // Whichever rows of their batches they are of.
    for (const { column, key, sourceText, reason } of batch.rejected) {
      this.rejected.push({ column, key, sourceText, reason });
    }
    for (let row = 0; row < batch.rows; row++) this.rows.push(readRow(this.columns, batch, row));
  }
}

function readRow(columns: readonly ColumnPlan[], batch: ColumnBatch, row: number): HexRow {
  const layout = layoutBatch(columns, batch.capacity);
  const fixed = Buffer.from(batch.fixed);
  const heap = Buffer.from(batch.heap);
  return columns.map((column, at) => {
    const { width, dataOffset, validityOffset } = layout.columns[at];
    const isNull = (fixed[validityOffset + (row >> 3)] & (1 << (row & 7))) === 0;
    if (isNull !== (isNull && batch.hasNulls[at] === 1)) throw new Error('a NULL that is not told');
    if (isNull) return null;
    const value = fixed.subarray(dataOffset + row * width, dataOffset + (row + 1) * width);
    if (column.layout.kind === 'fixed') return value.toString('hex');
    const length = value.readUInt32LE(0);
    const bytes = column.layout.kind === 'float-list' ? length * 4 : length;
    if (column.layout.kind === 'string' && length <= 12) {
      return value.toString('hex', 4, 4 + length);
    }
    const start = Number(value.readBigUInt64LE(8));
    return heap.toString('hex', start, start + bytes);
  });
}
