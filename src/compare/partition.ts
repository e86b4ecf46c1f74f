import type { SqlPair } from './sql-pair.js';

/**
 * The rows of a table, or of a part of it, in numbered parts that both databases tell by the same
 * expression. Numbers are texts of whole numbers, as they come out of both.
 */
export interface Partition {
  /** Where the partition's rows are; null: the whole table. */
  readonly within: SqlPair | null;
  /** A row's part. */
  readonly part: SqlPair;
  /** The rows of some parts. */
  condition(parts: readonly string[]): SqlPair;
  /** The rows of one part in finer parts, about `wanted`; null where it can't be divided further. */
  divide(part: string, wanted: number): Partition | null;
}

const MAX_SIGNED = 9_223_372_036_854_775_807n;
const MAX_UNSIGNED = 18_446_744_073_709_551_615n;

/** A key of one whole number. */
export interface IntegerKey extends SqlPair {
  readonly isUnsigned: boolean;
}

interface Bounds {
  /** Both inclusive. */
  readonly low: bigint;
  readonly high: bigint;
}

/** Ranges of equal width of a key that is one whole number. */
export class RangePartition implements Partition {
  readonly part: SqlPair;
  readonly within: SqlPair | null;

  /** `bounds` are those of the keys; null for the whole table. */
  constructor(
    private readonly key: IntegerKey,
    private readonly width: bigint,
    bounds: Bounds | null,
  ) {
    // Both round towards zero.
    this.part = { source: `${key.source} DIV ${width}`, replica: `${key.replica} // ${width}` };
    this.within = bounds === null ? null : this.between([bounds]);
  }

  condition(parts: readonly string[]): SqlPair {
    const sorted = parts
      .map((part) => this.boundsOf(part))
      .sort((a, b) => (a.low < b.low ? -1 : 1));
    const merged: Bounds[] = [];
    for (const bounds of sorted) {
      const last = merged.at(-1);
      if (last !== undefined && last.high + 1n === bounds.low) {
        merged[merged.length - 1] = { low: last.low, high: bounds.high };
      } else {
        merged.push(bounds);
      }
    }
    return this.between(merged);
  }

  divide(part: string, wanted: number): Partition | null {
    if (this.width === 1n) return null;
    const bounds = this.boundsOf(part);
    const span = bounds.high - bounds.low + 1n;
    const width = (span + BigInt(wanted) - 1n) / BigInt(wanted);
    return new RangePartition(this.key, width > 1n ? width : 1n, bounds);
  }

  /** The parts that keys from `low` to `high` are in, in order. */
  partsBetween(low: bigint, high: bigint): string[] {
    const parts: string[] = [];
    for (let part = low / this.width; part <= high / this.width; part++) parts.push(String(part));
    return parts;
  }

  /** Literals beyond the type would make the comparison one of another type. */
  private boundsOf(part: string): Bounds {
    const number = BigInt(part);
    const first = number * this.width;
    const rest = this.width - 1n;
    const low = number > 0n ? first : first - rest;
    const high = number < 0n ? first : first + rest;
    const lowest = this.key.isUnsigned ? 0n : -MAX_SIGNED - 1n;
    const highest = this.key.isUnsigned ? MAX_UNSIGNED : MAX_SIGNED;
    return { low: low < lowest ? lowest : low, high: high > highest ? highest : high };
  }

  private between(ranges: readonly Bounds[]): SqlPair {
    const on = (key: string): string => {
      const conditions = ranges.map(({ low, high }) =>
        low === high ? `${key} = ${low}` : `${key} BETWEEN ${low} AND ${high}`,
      );
      return conditions.length === 1 ? conditions[0] : `(${conditions.join(' OR ')})`;
    };
    return { source: on(this.key.source), replica: on(this.key.replica) };
  }
}

/** Primes, each about 16 times the one before: remainders by two of them are independent. */
const DIVISORS = [1, 61, 1021, 16_381, 262_139, 4_194_301];

/** Parts of about equal size by the remainder of a hash: for keys that have no order in common. */
export class HashPartition implements Partition {
  readonly part: SqlPair;

  private constructor(
    private readonly hash: SqlPair,
    private readonly level: number,
    readonly within: SqlPair | null,
  ) {
    const remainder = (value: string): string => `${value} % ${DIVISORS[level]}`;
    this.part = { source: remainder(hash.source), replica: remainder(hash.replica) };
  }

  /** `wanted` is how many parts there should be, about. */
  static over(hash: SqlPair, wanted: number): HashPartition {
    const level = DIVISORS.findLastIndex((divisor) => divisor <= wanted);
    return new HashPartition(hash, Math.max(0, Math.min(level, DIVISORS.length - 2)), null);
  }

  condition(parts: readonly string[]): SqlPair {
    const among = (part: string): string => `${part} IN (${parts.join(', ')})`;
    const own = { source: among(this.part.source), replica: among(this.part.replica) };
    if (this.within === null) return own;
    return {
      source: `${this.within.source} AND ${own.source}`,
      replica: `${this.within.replica} AND ${own.replica}`,
    };
  }

  divide(part: string): Partition | null {
    if (this.level + 1 >= DIVISORS.length) return null;
    return new HashPartition(this.hash, this.level + 1, this.condition([part]));
  }
}
