/** Values as the binary protocol has them in a row, written by hand from its description. */

/** A length-encoded byte string. */
export function lengthEncoded(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([lengthPrefix(bytes.length), bytes]);
}

export function lengthPrefix(length: number): Buffer {
  if (length < 0xfb) return Buffer.of(length);
  if (length < 2 ** 16) return Buffer.of(0xfc, length & 0xff, length >> 8);
  if (length < 2 ** 24) return Buffer.of(0xfd, length & 0xff, (length >> 8) & 0xff, length >> 16);
  const prefix = Buffer.alloc(9);
  prefix[0] = 0xfe;
  prefix.writeBigUInt64LE(BigInt(length), 1);
  return prefix;
}

/**
 * `2024-02-29`, `2024-02-29 01:02:03` or `2024-02-29 01:02:03.000004` as DATE, DATETIME or
 * TIMESTAMP. The server leaves out a time of zero, and everything where all is zero.
 */
export function dateTime(text: string): Buffer {
  const [year, month, day, hour = 0, minute = 0, second = 0, micros = 0] = text
    .split(/\D/)
    .map(Number);
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16LE(year, 1);
  bytes.set([month, day, hour, minute, second], 3);
  bytes.writeUInt32LE(micros, 8);
  const length = [11, 7, 4].findIndex((bound, at) => {
    const next = [7, 4, 0][at];
    return bytes.subarray(next + 1, bound + 1).some((byte) => byte !== 0);
  });
  bytes[0] = [11, 7, 4, 0][length === -1 ? 3 : length];
  return bytes.subarray(0, bytes[0] + 1);
}

/** `-838:59:59.000001` as TIME: days and hours apart, and nothing at all for zero. */
export function time(text: string): Buffer {
  const negative = text.startsWith('-');
  const [hours, minutes, seconds, micros = 0] = text.replace('-', '').split(/\D/).map(Number);
  const bytes = Buffer.alloc(13);
  bytes[1] = negative ? 1 : 0;
  bytes.writeUInt32LE(Math.floor(hours / 24), 2);
  bytes.set([hours % 24, minutes, seconds], 6);
  bytes.writeUInt32LE(micros, 9);
  const isZero = bytes.subarray(2).every((byte) => byte === 0);
  bytes[0] = isZero ? 0 : micros === 0 ? 8 : 12;
  return bytes.subarray(0, bytes[0] + 1);
}

/** A row packet's payload: a zero, the NULL bits (the first two unused), the values that are not NULL. */
export function rowPacket(values: readonly (Uint8Array | null)[]): Buffer {
  const bitmap = Buffer.alloc((values.length + 9) >> 3);
  values.forEach((value, column) => {
    if (value === null) bitmap[(column + 2) >> 3] |= 1 << ((column + 2) & 7);
  });
  return Buffer.concat([Buffer.of(0), bitmap, ...values.filter((value) => value !== null)]);
}
