/** The bytes of a row being decoded and how far decoding has come. Reused for every row. */
export class RowCursor {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  offset = 0;

  /** Points at `bytes`; cheap while consecutive rows lie in the same socket buffer. */
  attach(bytes: Uint8Array, offset: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.offset = offset;
  }

  /** Reads a length-encoded integer (MySQL protocol), the prefix of strings. */
  readLength(): number {
    const first = this.bytes[this.offset++];
    if (first < 0xfb) return first;
    return this.readLongLength(first);
  }

  private readLongLength(first: number): number {
    const at = this.offset;
    switch (first) {
      case 0xfc:
        this.offset = at + 2;
        return this.view.getUint16(at, true);
      case 0xfd:
        this.offset = at + 3;
        return this.view.getUint16(at, true) | (this.bytes[at + 2] << 16);
      case 0xfe:
        this.offset = at + 8;
        // A packet is far below 2^53 bytes.
        return this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * 2 ** 32;
      default:
        throw new Error(`malformed row packet: length prefix 0x${first.toString(16)}`);
    }
  }
}
