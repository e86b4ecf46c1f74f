import type { RawEvent } from './raw-event.js';

/** 16 bytes as `3e11fa47-71ca-11e1-9e33-c80aa9429562`. */
export function formatUuid(bytes: Buffer, start: number): string {
  const hex = bytes.toString('hex', start, start + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The same for one that is mostly the one before: a text per event would be garbage per event. */
export class UuidReader {
  private readonly last = Buffer.alloc(16);
  private readonly lastView = new DataView(this.last.buffer, this.last.byteOffset, 16);
  private text = formatUuid(this.last, 0);

  /** At the offset in the event. */
  read({ bytes, view, start }: RawEvent, offset: number): string {
    const { last, lastView } = this;
    const from = start + offset;
    for (let at = 0; at < 16; at += 4) {
      if (view.getInt32(from + at) === lastView.getInt32(at)) continue;
      bytes.copy(last, 0, from, from + 16);
      this.text = formatUuid(bytes, from);
      break;
    }
    return this.text;
  }
}
