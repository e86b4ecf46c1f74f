/** MySQL's and MariaDB's GTIDs have nothing in common but the name. */
export type GtidFlavour = 'mysql' | 'mariadb';

/** One transaction's GTID. */
export interface Gtid {
  /** MySQL: the lower-case uuid, with a tag `uuid:tag`; MariaDB: the domain. */
  readonly source: string;
  /** MariaDB: the server that wrote the transaction; 0 on MySQL. */
  readonly server: number;
  readonly number: bigint;
}

/** How two sets lie to each other: `apart` where neither holds all of the other. */
export type GtidRelation = 'equal' | 'within' | 'beyond' | 'apart';

/** The transactions that are known to be executed. */
export interface GtidSet {
  /** The canonical text, as the server prints it. */
  toString(): string;
  contains(gtid: Gtid): boolean;
  /** Adds the transaction to this set. */
  add(gtid: Gtid): void;
  /** A new set of what is in either. */
  union(other: GtidSet): GtidSet;
  isSubsetOf(other: GtidSet): boolean;
  /** `within`: this set is part of the other; `beyond`: it holds all of the other and more. */
  compare(other: GtidSet): GtidRelation;
  /** Whether some server (MariaDB: domain) has transactions in both. */
  isRelatedTo(other: GtidSet): boolean;
}

/** Reads a set as the servers print it, with any white space; the empty text is the empty set. */
export function parseGtidSet(text: string, flavour: GtidFlavour): GtidSet {
  return flavour === 'mysql' ? MysqlGtidSet.parse(text) : MariadbGtidPosition.parse(text);
}

function relation(a: GtidSet, b: GtidSet): GtidRelation {
  const within = a.isSubsetOf(b);
  const beyond = b.isSubsetOf(a);
  if (within && beyond) return 'equal';
  return within ? 'within' : beyond ? 'beyond' : 'apart';
}

/** Both ends belong to it. */
interface Interval {
  first: bigint;
  last: bigint;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TAG = /^[a-z_][a-z0-9_]{0,31}$/;
const INTERVAL = /^(\d+)(?:-(\d+))?$/;

/** `uuid:1-5:7:tag:1-3,uuid2:1`: of every source, tagged or not, the intervals of its numbers. */
class MysqlGtidSet implements GtidSet {
  /** By source; ascending, disjoint, not adjacent, never empty. */
  private readonly intervals = new Map<string, Interval[]>();
  /** Where the last transaction was added, where the next one mostly belongs, too. */
  private lastSource = '';
  private lastInterval: Interval | null = null;

  static parse(text: string): MysqlGtidSet {
    const set = new MysqlGtidSet();
    for (const block of text.replaceAll(/\s/g, '').toLowerCase().split(',')) {
      if (block !== '') set.parseBlock(block);
    }
    return set;
  }

  private parseBlock(block: string): void {
    const [uuid, ...items] = block.split(':');
    let source = uuid;
    // A tag names the intervals behind it, of which there is at least one.
    let isOpen = true;
    for (const item of items) {
      const match = INTERVAL.exec(item);
      if (match !== null) {
        const first = BigInt(match[1]);
        const last = BigInt(match[2] ?? match[1]);
        if (first < 1n || last < first) throw malformed(block);
        this.addInterval(source, { first, last });
        isOpen = false;
      } else {
        if (!TAG.test(item) || (isOpen && source !== uuid)) throw malformed(block);
        source = `${uuid}:${item}`;
        isOpen = true;
      }
    }
    if (isOpen || !UUID.test(uuid)) throw malformed(block);
  }

  toString(): string {
    let text = '';
    let lastUuid = '';
    for (const source of [...this.intervals.keys()].sort()) {
      const uuid = source.slice(0, 36);
      text += uuid === lastUuid ? source.slice(36) : `${text === '' ? '' : ','}${source}`;
      lastUuid = uuid;
      for (const { first, last } of this.intervals.get(source)!) {
        text += first === last ? `:${first}` : `:${first}-${last}`;
      }
    }
    return text;
  }

  contains({ source, number }: Gtid): boolean {
    const intervals = this.intervals.get(source);
    return intervals !== undefined && covers(intervals, { first: number, last: number });
  }

  add({ source, number }: Gtid): void {
    if (source !== this.lastSource) {
      this.lastSource = source;
      this.lastInterval = this.intervals.get(source)?.at(-1) ?? null;
    }
    const last = this.lastInterval;
    if (last !== null && number === last.last + 1n) last.last = number;
    else this.addInterval(source, { first: number, last: number });
  }

  union(other: GtidSet): GtidSet {
    const sum = new MysqlGtidSet();
    for (const set of [this, sameFlavour(this, other)]) {
      for (const [source, intervals] of set.intervals) {
        for (const interval of intervals) sum.addInterval(source, { ...interval });
      }
    }
    return sum;
  }

  isSubsetOf(other: GtidSet): boolean {
    const whole = sameFlavour(this, other).intervals;
    return [...this.intervals].every(([source, parts]) => {
      const have = whole.get(source);
      return have !== undefined && parts.every((part) => covers(have, part));
    });
  }

  compare(other: GtidSet): GtidRelation {
    return relation(this, other);
  }

  isRelatedTo(other: GtidSet): boolean {
    const { intervals } = sameFlavour(this, other);
    return [...this.intervals.keys()].some((source) => intervals.has(source));
  }

  private addInterval(source: string, added: Interval): void {
    const intervals = this.intervals.get(source) ?? [];
    // Those that lie wholly before or behind stay; all others grow together with the added one.
    const before = intervals.filter(({ last }) => last + 1n < added.first);
    const behind = intervals.filter(({ first }) => first > added.last + 1n);
    for (const { first, last } of intervals.slice(
      before.length,
      intervals.length - behind.length,
    )) {
      if (first < added.first) added.first = first;
      if (last > added.last) added.last = last;
    }
    this.intervals.set(source, [...before, added, ...behind]);
    this.lastSource = '';
  }
}

function covers(intervals: readonly Interval[], { first, last }: Interval): boolean {
  // From behind: what is asked for is mostly recent.
  for (let index = intervals.length - 1; index >= 0; index--) {
    if (intervals[index].first <= first) return intervals[index].last >= last;
  }
  return false;
}

const MARIADB_GTID = /^(\d+)-(\d+)-(\d+)$/;

/** `0-1-42,1-2-7`: of every domain the last transaction, which stands for all before it. */
class MariadbGtidPosition implements GtidSet {
  private readonly last = new Map<string, Gtid>();

  static parse(text: string): MariadbGtidPosition {
    const set = new MariadbGtidPosition();
    for (const part of text.replaceAll(/\s/g, '').split(',')) {
      if (part === '') continue;
      const match = MARIADB_GTID.exec(part);
      if (match === null || set.last.has(match[1])) throw malformed(part);
      set.add({ source: match[1], server: Number(match[2]), number: BigInt(match[3]) });
    }
    return set;
  }

  toString(): string {
    return [...this.last.values()]
      .sort((a, b) => Number(a.source) - Number(b.source))
      .map(({ source, server, number }) => `${source}-${server}-${number}`)
      .join(',');
  }

  contains({ source, number }: Gtid): boolean {
    const last = this.last.get(source);
    return last !== undefined && number <= last.number;
  }

  /** The last one written counts, as on the server, also where its number is lower. */
  add(gtid: Gtid): void {
    this.last.set(gtid.source, gtid);
  }

  union(other: GtidSet): GtidSet {
    const sum = new MariadbGtidPosition();
    for (const set of [this, sameFlavour(this, other)]) {
      for (const gtid of set.last.values()) if (!sum.contains(gtid)) sum.add(gtid);
    }
    return sum;
  }

  isSubsetOf(other: GtidSet): boolean {
    const whole = sameFlavour(this, other);
    return [...this.last.values()].every((gtid) => whole.contains(gtid));
  }

  compare(other: GtidSet): GtidRelation {
    return relation(this, other);
  }

  isRelatedTo(other: GtidSet): boolean {
    const { last } = sameFlavour(this, other);
    return [...this.last.keys()].some((domain) => last.has(domain));
  }
}

function sameFlavour<T extends GtidSet>(set: T, other: GtidSet): T {
  if (set.constructor !== other.constructor) {
    throw new Error('GTID sets of MySQL and of MariaDB have nothing in common');
  }
  return other as T;
}

function malformed(text: string): Error {
  return new Error(`malformed GTID set: ${text}`);
}
