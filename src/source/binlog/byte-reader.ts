/** Reads the numbers and strings of an event's body one after the other. */
export class ByteReader {
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
    readonly end: number = bytes.length,
  ) {}

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    if (this.at >= this.end) throw new Error('malformed binlog event: it ends too early');
    return this.bytes[this.at++];
  }

  /** A little-endian integer of up to 6 bytes. */
  integer(bytes: number): number {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += this.byte() * 2 ** (8 * i);
    return value;
  }

  /** A length-encoded integer (MySQL protocol). */
  packed(): number {
    const first = this.byte();
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.integer(2);
    if (first === 0xfd) return this.integer(3);
    if (first === 0xfe) return this.integer(4) + this.integer(4) * 2 ** 32;
    throw new Error(`malformed binlog event: length prefix 0x${first.toString(16)}`);
  }

  /** A view of the next `length` bytes. */
  view(length: number): Uint8Array {
    const start = this.at;
    if (start + length > this.end) throw new Error('malformed binlog event: it ends too early');
    this.at = start + length;
    return this.bytes.subarray(start, start + length);
  }

  text(length: number): string {
    return Buffer.from(this.view(length)).toString('utf8');
  }
}
