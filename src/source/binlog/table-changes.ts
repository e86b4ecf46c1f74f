import type { BatchBuilder } from '../../batch/batch-builder.js';
import {
  CHANGE_BEFORE,
  CHANGE_DELETE,
  CHANGE_UPSERT,
  planChanges,
} from '../../model/change-plan.js';
import type { StreamedTable } from '../binlog-protocol.js';
import { RowDecoder } from '../rows/row-decoder.js';
import type { CharacterSets } from './character-sets.js';
import { createTranscoder } from './column-transcoder.js';
import { ImageTranscoder } from './image-transcoder.js';
import type { RawEvent } from './raw-event.js';
import { heedsForeignKeys, readRowsEvent, type RowsKind } from './rows-event.js';
import { matchColumns } from './table-mismatch.js';
import type { TableMap } from './table-map.js';
import type { Transfer } from './transfer.js';

/** `__ducktail_op` (1 byte) and `__ducktail_seq` (4). */
const CONTROL_COLUMNS = 2;
const CONTROL_BYTES = 5;

/** The highest TIMESTAMP(6) of 2038, and of 2106. */
const PRESENT_ENDS = ['7fffffff0f423f', 'ffffffff0f423f'];

/**
 * Turns rows events of one table, as one TABLE_MAP described it, into rows of a change batch (what
 * these mean: `planChanges`). For a table without mismatch (`describeMismatch`) alone.
 */
export class TableChanges {
  private readonly table: string;
  private readonly width: number;
  private readonly isKeyed: boolean;
  private readonly images: ImageTranscoder;
  private readonly transfer: Transfer;
  private readonly decoder: RowDecoder;
  /**
   * Where the values of the key and of the referenced columns begin and end in an update's two
   * images; behind them the row's end.
   */
  private readonly before: Int32Array;
  private readonly after: Int32Array;
  private readonly keptSpans: number;
  /** Among these, where the key's values are, and the referenced ones. */
  private readonly keySpans: readonly number[];
  private readonly referencedSpans: readonly number[];
  private readonly isVersioned: boolean;
  /** Whether the event deleted rows, or changed them in referenced columns. */
  private concernsOthers = false;

  /** `batch` is made for `planChanges(table.plan)`. */
  constructor(
    { plan, referenced }: StreamedTable,
    map: TableMap,
    batch: BatchBuilder,
    charsets: CharacterSets,
  ) {
    const { schema } = plan;
    this.table = `${map.database}.${map.name}`;
    this.width = map.columns.length;
    const targets = matchColumns(plan, map);
    const columns = map.columns.map((column, at) => {
      const target = targets[at];
      const known = target === null ? null : schema.columns[target];
      return { target, transcoder: createTranscoder(column, known, charsets, map.isMariaDb) };
    });
    const key = plan.keyColumns.map((target) => targets.indexOf(target));
    const others = referenced.map((name) =>
      map.columns.findIndex((column) => column.name === name),
    );
    const kept = [...new Set([...key, ...others])].sort((a, b) => a - b);
    if (kept.includes(-1)) throw new Error(`a referenced column is not in ${this.table}`);
    this.isKeyed = key.length > 0;
    const rowEnd = map.columns.findIndex(({ name }) => name === schema.rowEnd);
    this.isVersioned = rowEnd >= 0;
    const watched = this.isVersioned ? [rowEnd] : [];
    this.images = new ImageTranscoder(
      columns,
      kept,
      watched,
      plan.columns.length,
      CONTROL_COLUMNS,
      CONTROL_BYTES,
    );
    this.transfer = this.images.transfer;
    this.decoder = new RowDecoder(planChanges(plan), batch);
    const spanOf = (column: number): number => 2 * kept.indexOf(column);
    this.keySpans = key.map(spanOf);
    this.referencedSpans = others.map(spanOf);
    this.keptSpans = kept.length * 2;
    this.before = new Int32Array(this.keptSpans + watched.length * 2);
    this.after = new Int32Array(this.keptSpans + watched.length * 2);
  }

  /**
   * Decodes a rows event (header and body, no checksum) into the batch. Calls `nextSeq` once for each
   * row of the batch, and `onRow` behind each, where the caller may take a full batch away. Whether
   * foreign keys made the source change other tables' rows, too.
   */
  decode(event: RawEvent, nextSeq: () => number, onRow: () => void): boolean {
    this.concernsOthers = false;
    const { kind, bytes, start, end } = readRowsEvent(event, this.width, this.table);
    this.transfer.attach(bytes);
    let at = start;
    while (at < end) {
      at = this.isVersioned
        ? this.decodeVersioned(kind, at, nextSeq, onRow)
        : this.decodeChange(kind, at, nextSeq, onRow);
    }
    if (at !== end) {
      throw new Error(`malformed rows event: the rows of ${this.table} don't end where it does`);
    }
    return this.concernsOthers && this.referencedSpans.length > 0 && heedsForeignKeys(event);
  }

  /** Decodes the change at `start`; returns where it ends. */
  private decodeChange(
    kind: RowsKind,
    start: number,
    nextSeq: () => number,
    onRow: () => void,
  ): number {
    const { images } = this;
    switch (kind) {
      case 'write': {
        const end = images.transcode(start);
        this.append(CHANGE_UPSERT, nextSeq, onRow);
        return end;
      }
      case 'delete':
        this.concernsOthers = true;
        return this.decodeBefore(CHANGE_DELETE, start, nextSeq, onRow);
      case 'update': {
        const op = this.referencedSpans.length > 0 ? CHANGE_BEFORE : CHANGE_DELETE;
        const afterAt = images.walk(start, this.before);
        images.walk(afterAt, this.after);
        const changesOthers = this.isChanged(this.referencedSpans);
        if (changesOthers) this.concernsOthers = true;
        if (!this.isKeyed || changesOthers || this.isChanged(this.keySpans)) {
          this.decodeBefore(op, start, nextSeq, onRow);
        }
        const end = images.transcode(afterAt);
        this.append(CHANGE_UPSERT, nextSeq, onRow);
        return end;
      }
    }
  }

  /**
   * The same for a system-versioned table, whose past rows a SELECT does not show: a row is deleted by
   * an update that ends it, and an update is logged beside the insertion of the row as it was.
   */
  private decodeVersioned(
    kind: RowsKind,
    start: number,
    nextSeq: () => number,
    onRow: () => void,
  ): number {
    const middle = this.images.walk(start, this.before);
    const wasPresent = this.isPresent(this.before);
    if (kind !== 'update') {
      if (wasPresent) this.decodeChange(kind, start, nextSeq, onRow);
      return middle;
    }
    const end = this.images.walk(middle, this.after);
    const isPresent = this.isPresent(this.after);
    if (wasPresent && isPresent) this.decodeChange('update', start, nextSeq, onRow);
    else if (wasPresent) this.decodeChange('delete', start, nextSeq, onRow);
    else if (isPresent) this.decodeChange('write', middle, nextSeq, onRow);
    return end;
  }

  /**
   * A present row's end is the highest time. (Where numbers of transactions are kept instead, the
   * server logs statements.)
   */
  private isPresent(spans: Int32Array): boolean {
    const at = spans[this.keptSpans];
    const end = Buffer.from(this.transfer.input.subarray(at, spans[this.keptSpans + 1]));
    return PRESENT_ENDS.includes(end.toString('hex'));
  }

  /** Of the image at `start` what tells the row. */
  private decodeBefore(
    op: number,
    start: number,
    nextSeq: () => number,
    onRow: () => void,
  ): number {
    const { images } = this;
    let end: number;
    if (this.isKeyed) {
      end = images.walk(start, this.before);
      images.transcodeKept(this.before);
    } else {
      end = images.transcode(start);
    }
    this.append(op, nextSeq, onRow);
    return end;
  }

  /** Whether an update changes bytes of the values that these spans tell. */
  private isChanged(spans: readonly number[]): boolean {
    const { before, after } = this;
    const { input } = this.transfer;
    for (const i of spans) {
      const length = before[i + 1] - before[i];
      if (after[i + 1] - after[i] !== length) return true;
      for (let k = 0; k < length; k++) {
        if (input[before[i] + k] !== input[after[i] + k]) return true;
      }
    }
    return false;
  }

  /** Completes the row by its control columns and puts it into the batch. */
  private append(op: number, nextSeq: () => number, onRow: () => void): void {
    const { transfer } = this;
    const { output, to } = transfer;
    output[to] = op;
    transfer.outputView.setUint32(to + 1, nextSeq(), true);
    this.decoder.decode(output, 0);
    onRow();
  }
}
