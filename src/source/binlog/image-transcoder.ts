import { type ColumnTranscoder, Transfer } from './transfer.js';

/** Reads the values of some neighbouring columns that are not NULL, and writes them. */
type TranscodeColumns = (transfer: Transfer, input: Uint8Array, nulls: number) => void;
/** Moves over the values of some neighbouring columns; notes where some of them begin and end. */
type WalkColumns = (
  input: Uint8Array,
  view: DataView,
  nulls: number,
  at: number,
  spans: Int32Array,
) => number;

/** Columns per generated function: V8 does not optimize functions of any length. */
const COLUMNS_PER_FUNCTION = 32;
/** Of the protocol's row: its first byte, and the bits before the first column's. */
const NULL_BITS_OFFSET = 2;

/** What a row image holds, by column: `null` where the replica does not have it. */
export interface ImageColumn {
  readonly transcoder: ColumnTranscoder;
  /** Its position in the replica's table. */
  readonly target: number | null;
}

/**
 * Turns row images of a table into rows of the binary protocol (`RowDecoder`), so that what came by
 * the binlog goes the same way as what came by a SELECT. An image is a bitmap of NULLs, then the
 * values that are not NULL. Behind the table's own columns the row has `extraColumns` of
 * `extraBytes`, never NULL, which the caller writes.
 *
 * One function per table is generated for each use, for the same reason as in `RowDecoder`; their
 * source is made of positions and sizes alone.
 */
export class ImageTranscoder {
  readonly transfer: Transfer;
  private readonly imageNullBytes: number;
  private readonly rowNullBytes: number;
  /** Of an image's last byte of NULLs, the bits of columns: those behind them are set, too. */
  private readonly lastNullMask: number;
  private readonly transcodeGroups: readonly TranscodeColumns[];
  private readonly walkGroups: readonly WalkColumns[];
  /** The columns' order is that of the replica's, and none is left out. */
  private readonly isDirect: boolean;

  /**
   * `kept`: positions in `columns`, ascending, of what `transcodeKept` writes; `watched`: of further
   * columns whose spans are wanted.
   */
  constructor(
    private readonly columns: readonly ImageColumn[],
    private readonly kept: readonly number[],
    watched: readonly number[],
    private readonly targetColumns: number,
    extraColumns: number,
    extraBytes: number,
  ) {
    this.imageNullBytes = (columns.length + 7) >> 3;
    this.lastNullMask = 0xff >> (-columns.length & 7);
    this.rowNullBytes = (targetColumns + extraColumns + 7 + NULL_BITS_OFFSET) >> 3;
    const fixedBytes = columns.reduce((sum, { transcoder }) => sum + transcoder.maxBytes, 0);
    this.transfer = new Transfer(1 + this.rowNullBytes + fixedBytes + extraBytes);
    this.transcodeGroups = grouped(columns, compileTranscode);
    this.walkGroups = grouped(columns, (group, first) =>
      compileWalk(group, first, [...kept, ...watched]),
    );
    this.isDirect = columns.every(({ target }, at) => target === at);
  }

  /**
   * Where the image at `start` ends; `spans` gets where each value of the kept and of the watched
   * columns begins and ends.
   */
  walk(start: number, spans: Int32Array): number {
    const { transfer, walkGroups } = this;
    const { input, inputView } = transfer;
    let at = start + this.imageNullBytes;
    for (let i = 0; i < walkGroups.length; i++) {
      at = walkGroups[i](input, inputView, start, at, spans);
    }
    return at;
  }

  /** Writes the image at `start` as a row; returns where it ends. */
  transcode(start: number): number {
    const { transfer, transcodeGroups } = this;
    transfer.startRow(1 + this.rowNullBytes);
    this.writeNulls(start);
    transfer.from = start + this.imageNullBytes;
    const { input } = transfer;
    for (let i = 0; i < transcodeGroups.length; i++) transcodeGroups[i](transfer, input, start);
    return transfer.from;
  }

  /** Writes a row of the kept values alone, by the spans of their image; all others are NULL. */
  transcodeKept(spans: Int32Array): void {
    const { transfer, columns, kept } = this;
    transfer.startRow(1 + this.rowNullBytes);
    const { output } = transfer;
    output[0] = 0;
    output.fill(0, 1, 1 + this.rowNullBytes);
    for (let target = 0; target < this.targetColumns; target++) setNull(output, target);
    for (let i = 0; i < kept.length; i++) {
      const { transcoder, target } = columns[kept[i]];
      if (target === null || spans[2 * i] === spans[2 * i + 1]) continue;
      clearNull(output, target);
      transfer.from = spans[2 * i];
      transcoder.transcode(transfer);
    }
  }

  private writeNulls(start: number): void {
    if (this.isDirect) this.shiftNulls(start);
    else this.mapNulls(start);
  }

  /** By a loop: for so few bytes `fill` takes longer. */
  private shiftNulls(start: number): void {
    const { imageNullBytes, rowNullBytes, lastNullMask } = this;
    const { input, output } = this.transfer;
    output[0] = 0;
    let carried = 0;
    for (let i = 0; i < rowNullBytes; i++) {
      let bits = i < imageNullBytes ? input[start + i] : 0;
      if (i === imageNullBytes - 1) bits &= lastNullMask;
      output[1 + i] = (bits << NULL_BITS_OFFSET) | carried;
      carried = bits >> (8 - NULL_BITS_OFFSET);
    }
  }

  private mapNulls(start: number): void {
    const { input, output } = this.transfer;
    output.fill(0, 0, 1 + this.rowNullBytes);
    this.columns.forEach(({ target }, at) => {
      const isNull = (input[start + (at >> 3)] & (1 << (at & 7))) !== 0;
      if (isNull && target !== null) setNull(output, target);
    });
  }
}

function setNull(output: Uint8Array, column: number): void {
  const bit = column + NULL_BITS_OFFSET;
  output[1 + (bit >> 3)] |= 1 << (bit & 7);
}

function clearNull(output: Uint8Array, column: number): void {
  const bit = column + NULL_BITS_OFFSET;
  output[1 + (bit >> 3)] &= ~(1 << (bit & 7));
}

function grouped<T>(
  columns: readonly ImageColumn[],
  compile: (group: readonly ImageColumn[], first: number) => T,
): T[] {
  const groups: T[] = [];
  for (let first = 0; first < columns.length; first += COLUMNS_PER_FUNCTION) {
    groups.push(compile(columns.slice(first, first + COLUMNS_PER_FUNCTION), first));
  }
  return groups;
}

function isPresent(column: number): string {
  return `(input[nulls + ${column >> 3}] & ${1 << (column & 7)}) === 0`;
}

/** Statements that move `at` over a value. */
function skip({ size }: ColumnTranscoder): string {
  if ('bytes' in size) return `at += ${size.bytes};`;
  switch (size.lengthBytes) {
    case 1:
      return 'at += 1 + input[at];';
    case 2:
      return 'at += 2 + (input[at] | input[at + 1] << 8);';
    case 3:
      return 'at += 3 + (input[at] | input[at + 1] << 8 | input[at + 2] << 16);';
    case 4:
      return 'at += 4 + view.getUint32(at, true);';
  }
}

function compileTranscode(group: readonly ImageColumn[], first: number): TranscodeColumns {
  const names = group.map((_, i) => `c${i}`);
  const lines = group.map(({ transcoder, target }, i) => {
    const use =
      target === null
        ? `{ let at = transfer.from; const view = transfer.inputView; ${skip(transcoder)} transfer.from = at; }`
        : `c${i}.transcode(transfer);`;
    return `if (${isPresent(first + i)}) ${use}`;
  });
  const source = `return (transfer, input, nulls) => {\n${lines.join('\n')}\n};`;
  const transcoders = group.map(({ transcoder }) => transcoder);
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  return new Function(...names, source)(...transcoders) as TranscodeColumns;
}

function compileWalk(
  group: readonly ImageColumn[],
  first: number,
  noted: readonly number[],
): WalkColumns {
  const lines = group.map(({ transcoder }, i) => {
    const step = `if (${isPresent(first + i)}) ${skip(transcoder)}`;
    const spans = noted.flatMap((column, at) => (column === first + i ? [2 * at] : []));
    const begin = spans.map((at) => `spans[${at}] = at;`).join(' ');
    return `${begin} ${step} ${spans.map((at) => `spans[${at + 1}] = at;`).join(' ')}`;
  });
  const source = `return (input, view, nulls, at, spans) => {\n${lines.join('\n')}\nreturn at;\n};`;
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  return new Function(source)() as WalkColumns;
}
