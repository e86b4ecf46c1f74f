export const TWO_32 = 2 ** 32;

/** Writes an integer with |value| ≤ 2^53 as two's complement 64 bits. */
export function writeInt64(data: Int32Array, at: number, value: number): void {
  const high = Math.floor(value / TWO_32);
  data[at] = (value - high * TWO_32) | 0;
  data[at + 1] = high | 0;
}
