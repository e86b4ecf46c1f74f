const TWO_32 = 2 ** 32;

/**
 * Writes `a * 65536 + b` as two's complement 64 bits into `data[at]`, `data[at + 1]`: both parts are
 * integers that a double holds exactly, which it does not for every 64-bit value.
 */
export function writeInt64Split(data: Int32Array, at: number, a: number, b: number): void {
  const aHigh = Math.floor(a / 65536);
  const low = (a - aHigh * 65536) * 65536 + b;
  const carry = Math.floor(low / TWO_32);
  data[at] = (low - carry * TWO_32) | 0;
  data[at + 1] = (aHigh + carry) | 0;
}

/** Writes an integer with |value| ≤ 2^53 as two's complement 64 bits. */
export function writeInt64(data: Int32Array, at: number, value: number): void {
  const high = Math.floor(value / TWO_32);
  data[at] = (value - high * TWO_32) | 0;
  data[at + 1] = high | 0;
}
