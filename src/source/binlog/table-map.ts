import { DucktailError } from '../../common/errors.js';
import { ByteReader } from './byte-reader.js';
import * as type from './column-types.js';
import { EVENT_HEADER_BYTES } from './event-layout.js';
import type { RawEvent } from './raw-event.js';
import { readMetadata, type TableMetadata } from './table-metadata.js';

/** A column as a TABLE_MAP event describes it. */
export interface StreamColumn {
  readonly name: string;
  /** The binlog's type number; ENUM and SET where the event says so behind STRING. */
  readonly type: number;
  /**
   * By type: the most bytes of CHAR, BINARY and VARCHAR, the bytes of ENUM and SET, the bytes of the
   * length before BLOB and its kin, the digits of a second's fraction, BIT's bits, the precision of
   * DECIMAL.
   */
  readonly size: number;
  /** DECIMAL's digits behind the point. */
  readonly scale: number;
  readonly nullable: boolean;
  readonly unsigned: boolean;
  /** The collation's number where the column has text (63: bytes), else null. */
  readonly collation: number | null;
  /** Of ENUM and SET, in the column's character set. */
  readonly members: readonly Uint8Array[];
  /** Of GEOMETRY: 0 any, 1 POINT and so on; null for all other types. */
  readonly geometryType: number | null;
}

interface Description {
  readonly columns: readonly StreamColumn[];
  readonly primaryKey: readonly number[];
}

/** What a TABLE_MAP event says, but for the table's id. Its columns are parsed when first asked for. */
export class TableMap {
  readonly database: string;
  readonly name: string;
  private readonly columnsAt: number;
  private description: Description | null = null;

  /** `body` (from behind flags on) is kept. */
  constructor(
    private readonly body: Uint8Array,
    /** The servers' metadata differ in which types count as text. */
    readonly isMariaDb: boolean,
  ) {
    const reader = new ByteReader(body, 0);
    this.database = reader.text(reader.byte());
    reader.byte();
    this.name = reader.text(reader.packed());
    reader.byte();
    this.columnsAt = reader.at;
  }

  /** In the table's order; throws where the source's metadata are not FULL. */
  get columns(): readonly StreamColumn[] {
    return this.describe().columns;
  }

  /** Positions of the primary key's columns; empty without one. */
  get primaryKey(): readonly number[] {
    return this.describe().primaryKey;
  }

  private describe(): Description {
    this.description ??= this.parse();
    return this.description;
  }

  private parse(): Description {
    const reader = new ByteReader(this.body, this.columnsAt);
    const types = reader.view(reader.packed());
    const forms = readForms(types, reader.view(reader.packed()));
    const nullBits = reader.view((types.length + 7) >> 3);
    const metadata = readMetadata(
      forms.map((form) => form.type),
      reader,
      this.isMariaDb,
    );
    if (metadata.names.length !== types.length) throw this.notFull();
    const columns = forms.map((form, at) => ({
      ...form,
      nullable: (nullBits[at >> 3] & (1 << (at & 7))) !== 0,
      ...columnMetadata(metadata, at),
    }));
    return { columns, primaryKey: metadata.primaryKey };
  }

  private notFull(): DucktailError {
    return new DucktailError(
      'source-unsuitable',
      'The binlog has no column names: binlog_row_metadata is not FULL.',
      {
        table: `${this.database}.${this.name}`,
        hint:
          "Run SET GLOBAL binlog_row_metadata = 'FULL', keep it in the server's configuration, and " +
          'run a full sync: changes that are already in the binlog stay without names.',
      },
    );
  }
}

function columnMetadata(
  metadata: TableMetadata,
  at: number,
): Pick<StreamColumn, 'name' | 'unsigned' | 'collation' | 'members' | 'geometryType'> {
  return {
    name: metadata.names[at],
    unsigned: metadata.unsigned.has(at),
    collation: metadata.collations.get(at) ?? null,
    members: metadata.members.get(at) ?? [],
    geometryType: metadata.geometryTypes.get(at) ?? null,
  };
}

type Form = Pick<StreamColumn, 'type' | 'size' | 'scale'>;

function readForms(types: Uint8Array, bytes: Uint8Array): Form[] {
  const reader = new ByteReader(bytes, 0);
  return Array.from(types, (one) => readForm(one, reader));
}

function readForm(binlogType: number, reader: ByteReader): Form {
  const form = (size: number, scale = 0): Form => ({ type: binlogType, size, scale });
  switch (binlogType) {
    case type.FLOAT:
    case type.DOUBLE:
    case type.TIMESTAMP2:
    case type.DATETIME2:
    case type.TIME2:
    case type.BLOB:
    case type.TINY_BLOB:
    case type.MEDIUM_BLOB:
    case type.LONG_BLOB:
    case type.BLOB_COMPRESSED:
    case type.GEOMETRY:
    case type.JSON_BINARY:
    case type.VECTOR:
      return form(reader.byte());
    case type.VARCHAR:
    case type.VAR_STRING:
    case type.VARCHAR_COMPRESSED:
      return form(reader.integer(2));
    case type.BIT: {
      const bits = reader.byte();
      return form(reader.byte() * 8 + bits);
    }
    case type.NEWDECIMAL: {
      const precision = reader.byte();
      return form(precision, reader.byte());
    }
    case type.STRING:
    case type.ENUM:
    case type.SET:
      return readStringForm(reader.byte(), reader.byte());
    case type.TINY:
    case type.SHORT:
    case type.INT24:
    case type.LONG:
    case type.LONGLONG:
    case type.YEAR:
    case type.DATE:
    case type.NEWDATE:
    case type.TIME:
    case type.DATETIME:
    case type.TIMESTAMP:
      return form(0);
    default:
      throw new DucktailError(
        'source-unsuitable',
        `The binlog has a column of type ${binlogType}, which is not known.`,
      );
  }
}

/** The first byte is the real type, with two bits of the length where CHAR has more than 255 bytes. */
function readStringForm(first: number, second: number): Form {
  const realType = first | 0x30;
  const size = second | (((first & 0x30) ^ 0x30) << 4);
  return { type: realType, size, scale: 0 };
}

const MAX_KEPT_IDS = 10_000;
const MAX_KEPT_MAPS = 2000;
/** Behind header, table id and flags: what describes the table. */
const BODY_OFFSET = EVENT_HEADER_BYTES + 8;

interface KeptMap {
  readonly body: Buffer;
  readonly view: DataView;
  readonly map: TableMap;
}

/**
 * The tables of a stream by their ids. A server sends a table's description again with every
 * statement and gives it a new id now and then: for equal bytes this gives the same `TableMap`.
 */
export class TableMapCache {
  private readonly byId = new Map<number, KeptMap>();
  private readonly byBody = new Map<string, KeptMap>();
  /** What was asked for last, which mostly is asked for next. */
  private lastId = -1;
  private last: KeptMap | undefined;

  constructor(private readonly isMariaDb: boolean) {}

  /** Takes a TABLE_MAP event; from now on its table id stands for the table. Keeps no bytes of it. */
  read(event: RawEvent): TableMap {
    const id = event.tableId;
    const known = this.find(id);
    if (known !== undefined && hasBody(event, known)) return known.map;
    const kept = this.keep(event);
    this.byId.delete(id);
    this.byId.set(id, kept);
    dropOldest(this.byId, MAX_KEPT_IDS);
    this.lastId = id;
    this.last = kept;
    return kept.map;
  }

  /** What a rows event's table id stands for; undefined where no TABLE_MAP event came before. */
  get(tableId: number): TableMap | undefined {
    return this.find(tableId)?.map;
  }

  private find(id: number): KeptMap | undefined {
    if (id !== this.lastId) {
      this.lastId = id;
      this.last = this.byId.get(id);
    }
    return this.last;
  }

  private keep(event: RawEvent): KeptMap {
    const body = Buffer.from(event.toBuffer().subarray(BODY_OFFSET));
    const key = body.toString('latin1');
    let kept = this.byBody.get(key);
    if (kept === undefined) {
      const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
      kept = { body, view, map: new TableMap(body, this.isMariaDb) };
      this.byBody.set(key, kept);
      dropOldest(this.byBody, MAX_KEPT_MAPS);
    }
    return kept;
  }
}

/** By words, without a call into native code for every transaction. */
function hasBody(event: RawEvent, { body, view }: KeptMap): boolean {
  const from = event.start + BODY_OFFSET;
  const { length } = body;
  if (event.end - from !== length) return false;
  const { bytes, view: eventView } = event;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    if (view.getInt32(at, true) !== eventView.getInt32(from + at, true)) return false;
  }
  for (; at < length; at++) if (body[at] !== bytes[from + at]) return false;
  return true;
}

/** A Map keeps the order in which its keys came. */
function dropOldest(map: Map<unknown, unknown>, most: number): void {
  if (map.size <= most) return;
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
