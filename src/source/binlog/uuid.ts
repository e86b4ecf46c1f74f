/** 16 bytes as `3e11fa47-71ca-11e1-9e33-c80aa9429562`. */
export function formatUuid(bytes: Buffer, start: number): string {
  const hex = bytes.toString('hex', start, start + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The same for one that is mostly the one before: a text per event would be garbage per event. */
export class UuidReader {
  private readonly last = Buffer.alloc(16);
  private text = formatUuid(this.last, 0);

  read(bytes: Buffer, start: number): string {
    const { last } = this;
    for (let i = 0; i < 16; i++) {
      if (bytes[start + i] === last[i]) continue;
      bytes.copy(last, 0, start, start + 16);
      this.text = formatUuid(bytes, start);
      break;
    }
    return this.text;
  }
}
