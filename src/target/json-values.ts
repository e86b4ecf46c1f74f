import {
  DuckDBBlobValue,
  DuckDBGeometryValue,
  type DuckDBValueConverter,
  type Json,
  JsonDuckDBValueConverter,
} from '@duckdb/node-api';

/** Values in JSON form: what a JSON number does not hold exactly, as text. */
export const jsonValue: DuckDBValueConverter<Json> = (value, type, convert) =>
  value instanceof DuckDBBlobValue || value instanceof DuckDBGeometryValue
    ? blobText(value.bytes)
    : JsonDuckDBValueConverter(value, type, convert);

const BACKSLASH = 0x5c;
const HEX = Buffer.from('0123456789ABCDEF');
/** Bytes that are a character as they are: 1. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x7f && !`"'\\`.includes(String.fromCharCode(byte)) ? 1 : 0,
);

/**
 * As DuckDB's cast to VARCHAR has it, which it also casts back. (node-api leaves backslashes as they
 * are: the four characters `\x00` come out as the byte 0 does. And it takes 300 ns for a byte.)
 */
function blobText(bytes: Uint8Array): string {
  const text = Buffer.allocUnsafe(bytes.length * 4);
  let end = 0;
  for (const byte of bytes) {
    if (PLAIN[byte] === 1) {
      text[end++] = byte;
      continue;
    }
    text[end] = BACKSLASH;
    text[end + 1] = 0x78;
    text[end + 2] = HEX[byte >> 4];
    text[end + 3] = HEX[byte & 15];
    end += 4;
  }
  return text.toString('latin1', 0, end);
}
