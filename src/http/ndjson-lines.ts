import { isUtf8 } from 'node:buffer';
import { badRow } from '../target/client-append.js';

/** A line is held in memory whole. */
const LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 10;

/** `bytes` hold the line from `from` to `to`, and are UTF-8; `line` is its number, from 1. */
export type LineReader = (line: number, bytes: Buffer, from: number, to: number) => void;

/** Finds the lines of a body that comes in pieces. */
export class NdjsonLines {
  private line = 1;
  /** Of a line whose end has not come. */
  private rest: Uint8Array[] = [];
  private restBytes = 0;

  constructor(private readonly read: LineReader) {}

  take(piece: Buffer): void {
    const end = piece.lastIndexOf(NEWLINE);
    if (end >= 0) this.readAll(this.withRest(piece.subarray(0, end)));
    const tail = piece.subarray(end + 1);
    if (tail.length === 0) return;
    this.rest.push(tail);
    this.restBytes += tail.length;
    if (this.restBytes > LINE_BYTES) {
      throw badRow(this.line, `it is longer than ${LINE_BYTES} bytes`);
    }
  }

  /** The last line may have no end. */
  end(): void {
    if (this.restBytes > 0) this.readAll(this.withRest(Buffer.alloc(0)));
  }

  private withRest(piece: Buffer): Buffer {
    if (this.restBytes === 0) return piece;
    const bytes = Buffer.concat([...this.rest, piece]);
    this.rest = [];
    this.restBytes = 0;
    return bytes;
  }

  private readAll(bytes: Buffer): void {
    const areUtf8 = isUtf8(bytes);
    for (let from = 0; ; this.line++) {
      const found = bytes.indexOf(NEWLINE, from);
      const to = found < 0 ? bytes.length : found;
      if (!areUtf8 && !isUtf8(bytes.subarray(from, to))) throw badRow(this.line, 'it is not UTF-8');
      this.read(this.line, bytes, from, to);
      if (found < 0) break;
      from = found + 1;
    }
    this.line++;
  }
}
