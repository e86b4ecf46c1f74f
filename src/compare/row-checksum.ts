import type { CanonicalColumn, CanonicalNumber } from './canonical-form.js';
import type { SqlPair } from './sql-pair.js';

/**
 * A row's checksum, below 2^64, the same on both sides for equal values. Numbers are multiplied by
 * constants of their own, and all products XORed; a product differs where the number does, and has
 * less than 62 bits, so that nothing overflows and NULL can be a constant that no product is.
 *
 * What is aggregated over rows must not be linear in that sum: values exchanged between two rows
 * would cancel out. So it goes through SHA-256 together with the texts, of which it holds the
 * lengths; a row of few numbers and no texts is cheaper multiplied with itself.
 */
export interface RowChecksum extends SqlPair {
  /** The hash in hexadecimal that `source` is the number of; null where it is computed as number. */
  readonly sourceHex: string | null;
}

const PRODUCT_BITS = 62;
/** Wider numbers are cut in two: their constants would be too small. */
const MAX_FACTOR_BITS = 45;
const LOW_32 = 4_294_967_295n;
const LOW_31 = 2_147_483_647n;
/** More numbers than this, and computing their sum three times takes longer than a hash. */
const MAX_SQUARED_NUMBERS = 6;
const CHECKSUM_DIGITS = 16;

export function rowChecksum(columns: readonly CanonicalColumn[]): RowChecksum {
  const constants = new Constants();
  const numbers = columns.flatMap((column) => column.numbers);
  const terms = numbers.map((number) => term(number, constants));
  const texts = columns.flatMap(({ text }) => (text === null ? [] : [text]));
  const source = balanced(
    terms.map((each) => each.source),
    (a, b) => `(${a} ^ ${b})`,
  );
  const replica = balanced(
    terms.map((each) => each.replica),
    (a, b) => `xor(${a}, ${b})`,
  );
  if (texts.length === 0 && numbers.length <= MAX_SQUARED_NUMBERS) {
    const factor = `((${source} & ${LOW_31}) * (${source} >> 31))`;
    const squared = `((${replica} & ${LOW_31}) * (${replica} >> 31))`;
    return {
      source: `(${source} ^ ${factor})`,
      replica: `xor(${replica}, ${squared})`,
      sourceHex: null,
    };
  }
  return hashOf({
    source: concat([source, ...texts.map((text) => text.source)]),
    replica: concat([replica, ...texts.map((text) => text.replica)]),
  });
}

/** NULLs are left out: where a text can be NULL, its length tells. */
function concat(parts: readonly string[]): string {
  return `CONCAT_WS(',', ${parts.join(', ')})`;
}

/** The first 64 bits of the texts' SHA-256 as a number. */
function hashOf(text: SqlPair): RowChecksum {
  const sourceHex = `LEFT(SHA2(${text.source}, 256), ${CHECKSUM_DIGITS})`;
  return {
    source: `CAST(CONV(${sourceHex}, 16, 10) AS UNSIGNED)`,
    replica: `CAST('0x' || left(sha256(${text.replica}), ${CHECKSUM_DIGITS}) AS UBIGINT)`,
    sourceHex,
  };
}

function term(number: CanonicalNumber, constants: Constants): SqlPair {
  const { source, replica, bits, isUnsigned } = number;
  const whenNull = constants.next(PRODUCT_BITS + 1);
  let product: SqlPair;
  if (bits <= MAX_FACTOR_BITS) {
    const factor = constants.next(PRODUCT_BITS - bits);
    const mask = (1n << BigInt(bits)) - 1n;
    // IFNULL of signed and unsigned is DECIMAL, which is slow; a masked number is unsigned.
    const isBare = isUnsigned && !number.isNullable;
    product = {
      source: isBare ? `(${source} * ${factor})` : `((${source} & ${mask}) * ${factor})`,
      replica: `((CAST(${replica} AS BIGINT) & ${mask}) * ${factor})`,
    };
  } else {
    product = halves(number, constants);
  }
  return {
    source: number.isNullable ? `IFNULL(${product.source}, ${whenNull} | 0)` : product.source,
    replica: `coalesce(${product.replica}, ${whenNull})`,
  };
}

/** DuckDB's `>>` keeps the sign of BIGINT, MySQL's makes it UNSIGNED. */
function halves({ source, replica, isUnsigned }: CanonicalNumber, constants: Constants): SqlPair {
  const low = constants.next(PRODUCT_BITS - 32);
  const high = constants.next(PRODUCT_BITS - 32);
  const type = isUnsigned ? 'UBIGINT' : 'BIGINT';
  const part = (bits: string): string => `CAST((${bits}) & ${LOW_32}::${type} AS BIGINT)`;
  return {
    source: `(((${source} & ${LOW_32}) * ${low}) ^ ((${source} >> 32) * ${high}))`,
    replica: `xor(${part(replica)} * ${low}, ` + `${part(`${replica} >> 32`)} * ${high})`,
  };
}

/** As a tree, for both databases limit how deep an expression may be. */
function balanced(parts: readonly string[], join: (a: string, b: string) => string): string {
  if (parts.length === 0) return '0';
  if (parts.length === 1) return parts[0];
  const middle = parts.length >> 1;
  return join(balanced(parts.slice(0, middle), join), balanced(parts.slice(middle), join));
}

/** Odd numbers without a pattern, the same in every run (SplitMix64). */
class Constants {
  private state = 0x9e3779b97f4a7c15n;

  /** An odd number of exactly `bits` bits. */
  next(bits: number): bigint {
    this.state = BigInt.asUintN(64, this.state + 0x9e3779b97f4a7c15n);
    let mixed = this.state;
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
    mixed ^= mixed >> 31n;
    return (mixed >> BigInt(64 - bits)) | (1n << BigInt(bits - 1)) | 1n;
  }
}
