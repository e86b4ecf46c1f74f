import { BatchBuilder } from '../../batch/batch-builder.js';
import { batchCapacity, VECTOR_ROWS } from '../../batch/column-batch.js';
import { planChanges } from '../../model/change-plan.js';
import type { BinlogMessage, StreamedTable } from '../binlog-protocol.js';
import type { CharacterSets } from './character-sets.js';
import type { RawEvent } from './raw-event.js';
import { TableChanges } from './table-changes.js';
import type { TableMap } from './table-map.js';

/** Stages after which the buffers of a table without changes are given up. */
const IDLE_STAGES = 32;
const MIN_CAPACITY = 64;
/** Leaves room for a stage's changes in 32 bits. */
const MAX_FIRST_SEQ = 2 ** 31;

/** A table's rows on their way into a batch. */
interface Sink {
  table: StreamedTable;
  readonly builder: BatchBuilder;
  map: TableMap | null;
  changes: TableChanges | null;
  lastStage: number;
}

export type Post = (message: BinlogMessage, transfer?: readonly ArrayBuffer[]) => void;

/** Decodes rows events into one batch per table. A full one goes out; the others at a stage's end. */
export class ChangeGatherer {
  /** Of the stage, whether they were sent or not. */
  rows = 0;
  /** Of the stage, as the binlog has them. */
  bytes = 0;
  private seq = 0;
  private stage = 0;
  private readonly sinks = new Map<number, Sink>();
  /** Who takes back buffers of a size. */
  private readonly takers = new Map<number, BatchBuilder>();
  private current!: Sink;
  /** Events of a transaction that is being prepared, and its name. */
  private parked: { readonly xid: string; events: Buffer[] } | null = null;
  private hasSentParked = false;

  constructor(
    private readonly charsets: CharacterSets,
    private readonly batchRows: number,
    private readonly post: Post,
  ) {}

  /** The number of the next change. */
  get upcomingSeq(): number {
    return this.seq;
  }

  /**
   * Takes the rows of an event; `map` is what its TABLE_MAP said. Whether foreign keys have changed
   * other tables' rows with them.
   */
  add(table: StreamedTable, map: TableMap, event: RawEvent): boolean {
    const sink = this.sinks.get(table.id) ?? this.openSink(table);
    if (sink.map !== map) {
      sink.changes = new TableChanges(table, map, sink.builder, this.charsets);
      sink.map = map;
    }
    sink.lastStage = this.stage;
    this.current = sink;
    this.bytes += event.length;
    return sink.changes!.decode(event, this.nextSeq, this.onRow);
  }

  /** Begins the events of a prepared transaction, which are told as they are. */
  beginPark(xid: string): void {
    this.parked = { xid, events: [] };
    this.hasSentParked = false;
  }

  park(event: RawEvent): void {
    this.parked!.events.push(event.copy().bytes);
    this.bytes += event.length;
  }

  /** The transaction is prepared: what was parked goes out with the next stage. */
  endPark(): void {
    this.sendParked();
    this.parked = null;
  }

  /** The parked events, not to be sent after all; null if some were sent already. */
  takeParked(): Buffer[] | null {
    const { parked } = this;
    if (parked === null || this.hasSentParked) return null;
    this.parked = null;
    return parked.events;
  }

  /** Sends what there is. */
  flush(): void {
    if (this.parked !== null && this.parked.events.length > 0) this.sendParked();
    for (const sink of this.sinks.values()) if (sink.builder.rows > 0) this.send(sink);
  }

  /** Sends what there is, before a `commit` or `portion`; what follows is counted anew. */
  endStage(): void {
    this.flush();
    this.startStage();
    for (const [id, { lastStage }] of this.sinks) {
      if (lastStage + IDLE_STAGES < this.stage) this.sinks.delete(id);
    }
  }

  /** Forgets what there is. */
  clear(): void {
    this.sinks.clear();
    this.parked = null;
    this.startStage();
  }

  /** Only these tables' rows come from now on. */
  retain(tables: readonly StreamedTable[]): void {
    const wanted = new Map(tables.map((table) => [table.id, table]));
    for (const [id, sink] of this.sinks) {
      const table = wanted.get(id);
      if (table === undefined) {
        if (sink.builder.rows > 0) this.send(sink);
        this.sinks.delete(id);
      } else {
        // Other columns of it may be referenced now.
        sink.table = table;
        sink.map = null;
      }
    }
  }

  recycle(fixed: ArrayBuffer, heap: ArrayBuffer): void {
    this.takers.get(fixed.byteLength)?.recycle(fixed, heap);
  }

  private startStage(): void {
    this.stage += 1;
    // Goes on from stage to stage, as long as it can: changes of a table that is being copied wait.
    if (this.seq > MAX_FIRST_SEQ) this.seq = 0;
    this.rows = 0;
    this.bytes = 0;
  }

  private openSink(table: StreamedTable): Sink {
    const { columns } = planChanges(table.plan);
    const rows = Math.max(MIN_CAPACITY, Math.min(VECTOR_ROWS, this.batchRows));
    const builder = new BatchBuilder(columns, batchCapacity(columns, rows));
    const sink: Sink = { table, builder, map: null, changes: null, lastStage: this.stage };
    this.sinks.set(table.id, sink);
    return sink;
  }

  private readonly nextSeq = (): number => this.seq++;

  private readonly onRow = (): void => {
    this.rows += 1;
    if (this.current.builder.isFull) this.send(this.current);
  };

  private sendParked(): void {
    const { xid, events } = this.parked!;
    this.post({ kind: 'park', xid, events });
    this.parked!.events = [];
    this.hasSentParked = true;
  }

  private send({ table, builder }: Sink): void {
    const batch = builder.take();
    this.takers.set(batch.fixed.byteLength, builder);
    this.post({ kind: 'rows', table: table.id, batch }, [batch.fixed, batch.heap]);
  }
}
