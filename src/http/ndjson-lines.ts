import { isUtf8 } from 'node:buffer';
import { badRow } from '../target/client-append.js';

/** A line is held in memory whole. */
const LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 10;

export interface Lines {
  /** The number of the first one, from 1. */
  readonly first: number;
  readonly texts: readonly string[];
}

/** The lines of a body, as many at a time as came together. */
export async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Lines> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  let first = 1;
  const take = (bytes: Buffer): Lines => {
    if (!isUtf8(bytes)) throw badRow(first + badLine(bytes), 'it is not UTF-8');
    const texts = bytes.toString('utf8').split('\n');
    const lines = { first, texts };
    first += texts.length;
    return lines;
  };
  for await (const chunk of body) {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end >= 0) {
      yield take(Buffer.concat([...rest, chunk.subarray(0, end)]));
      rest = [];
      restBytes = 0;
    }
    const tail = chunk.subarray(end + 1);
    if (tail.length === 0) continue;
    rest.push(tail);
    restBytes += tail.length;
    if (restBytes > LINE_BYTES) throw badRow(first, `it is longer than ${LINE_BYTES} bytes`);
  }
  if (restBytes > 0) yield take(Buffer.concat(rest));
}

/** How many lines are before the first that is no UTF-8. */
function badLine(bytes: Buffer): number {
  let line = 0;
  for (let from = 0; ; line++) {
    const end = bytes.indexOf(NEWLINE, from);
    if (end < 0 || !isUtf8(bytes.subarray(from, end))) return line;
    from = end + 1;
  }
}
