import type { ColumnSchema } from '../model/table-schema.js';

/** In longer texts no half of a surrogate pair is looked for. */
const MAX_SEARCHED_BYTES = 4096;

/**
 * MySQL condition for texts that have no UTF-8, with half a surrogate pair: UCS-2 has it, MariaDB
 * takes it in UTF-8, too. null where a character set has no such thing.
 */
export function invalidTextCondition(
  source: string,
  { characterSet }: ColumnSchema,
  isMariaDb: boolean,
): string | null {
  const pattern =
    characterSet === 'ucs2'
      ? '^(....)*D[89ABCDEF]'
      : isMariaDb && /^utf8/.test(characterSet ?? '')
        ? '^(..)*ED[AB]'
        : null;
  if (pattern === null) return null;
  const isShort = `LENGTH(${source}) <= ${MAX_SEARCHED_BYTES}`;
  // MySQL searches no binary texts, as HEX makes them here.
  return `(${isShort} AND CONVERT(HEX(${source}) USING utf8mb4) REGEXP _utf8mb4'${pattern}')`;
}
