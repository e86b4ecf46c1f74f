import { inflateSync } from 'node:zlib';

/**
 * Inflates what MariaDB has compressed (log_bin_compress): a byte with the algorithm (0: zlib) and the
 * bytes of the big-endian length that follows, the length, the stream.
 */
export function inflateBody(body: Uint8Array): Buffer {
  const head = body[0];
  if ((head & 0xf0) !== 0x80) {
    throw new Error(`malformed binlog event: compressed by unknown way 0x${head.toString(16)}`);
  }
  return inflateSync(body.subarray(1 + (head & 0x07)));
}
