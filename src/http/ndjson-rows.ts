import { RowCursor } from '../batch/row-cursor.js';
import type { TextRows } from '../batch/text-rows.js';
import { badRow } from '../target/client-append.js';

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;
const TAB = 0x09;
const RETURN = 0x0d;
/** In ASCII a letter's other case. */
const CASE_BIT = 0x20;

const NULL = Buffer.from('null');
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

/** The name under which ducktape's clients send the values. */
const WRAPPER = 'rv';
const WRAPPED = -1;
const UNKNOWN = -2;

/**
 * Reads lines of JSON: an array with a value for each column, an object by their names (what it does
 * not name is NULL), or `{"rv": […]}`. Values are taken as the texts that they are on the line, so
 * that numbers of any length stay exact; nested ones stay JSON.
 *
 * It works on the bytes because a value that becomes a JS string, and a row that becomes an array,
 * @@@ (`npm run bench -- --only http`). It accepts just what `JSON.parse` does;
 * what it refuses is looked at again by that, for the reason.
 */
export class NdjsonRows {
  private readonly cursor = new RowCursor();
  private readonly decoded = new RowCursor();
  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;
  private end = 0;
  private readonly positions: ReadonlyMap<string, number>;
  /** The names of the last object, in its order: most often the next has the same. */
  private readonly lastNames: { readonly bytes: Buffer; readonly column: number }[] = [];
  /** For each column the number of the object that named it last. */
  private readonly namedBy: Uint32Array;
  private objects = 0;

  constructor(
    columns: readonly { readonly name: string }[],
    private readonly rows: TextRows,
  ) {
    this.positions = new Map([
      [WRAPPER, WRAPPED],
      ...columns.map(({ name }, at) => [name, at] as const),
    ]);
    this.namedBy = new Uint32Array(columns.length);
  }

  /** Of UTF-8 that holds the line from `from` to `to`. Throws `badRow`; an empty line is no row. */
  read(line: number, bytes: Buffer, from: number, to: number): void {
    this.bytes = bytes;
    this.cursor.attach(bytes, from);
    this.at = from;
    this.end = to;
    const first = this.skipSpace();
    if (this.at === to) return;
    this.rows.begin(line);
    if (!this.readRow(first) || this.skipToEnd()) throw this.explain(line, from);
    this.rows.end();
  }

  private readRow(first: number): boolean {
    if (first === OPEN_ARRAY) return this.readArray();
    return first === OPEN_OBJECT && this.readObject();
  }

  private readArray(): boolean {
    const { columns } = this.rows;
    this.at++;
    for (let column = 0; column < columns; column++) {
      this.skipSpace();
      if (!this.readValue(column)) return false;
      const separator = column === columns - 1 ? CLOSE_ARRAY : COMMA;
      if (this.skipSpace() !== separator) return false;
      this.at++;
    }
    return true;
  }

  private readObject(): boolean {
    this.at++;
    this.objects++;
    if (this.skipSpace() === CLOSE_OBJECT) {
      this.at++;
      return this.fillUnnamed();
    }
    for (let position = 0; ; position++) {
      if (this.skipSpace() !== QUOTE) return false;
      const column = this.readName(position);
      if (column === UNKNOWN || this.skipSpace() !== COLON) return false;
      this.at++;
      const first = this.skipSpace();
      if (column === WRAPPED) return first === OPEN_ARRAY && position === 0 && this.readWrapped();
      // Which of two values is meant, nobody can say.
      if (this.namedBy[column] === this.objects) return false;
      this.namedBy[column] = this.objects;
      if (!this.readValue(column)) return false;
      const next = this.skipSpace();
      this.at++;
      if (next === CLOSE_OBJECT) return this.fillUnnamed();
      if (next !== COMMA) return false;
    }
  }

  private readWrapped(): boolean {
    if (!this.readArray() || this.skipSpace() !== CLOSE_OBJECT) return false;
    this.at++;
    return true;
  }

  private fillUnnamed(): boolean {
    for (let column = 0; column < this.namedBy.length; column++) {
      if (this.namedBy[column] !== this.objects) this.rows.setNull(column);
    }
    return true;
  }

  /** The column of the name at its opening quote. */
  private readName(position: number): number {
    const { bytes, at } = this;
    const last = this.lastNames.at(position);
    if (last !== undefined && this.startsWith(last.bytes)) {
      this.at += last.bytes.length;
      return last.column;
    }
    const end = this.findStringEnd(at);
    if (end < 0) return UNKNOWN;
    const text = bytes.subarray(at, end);
    const name = parsed(text);
    const column = typeof name === 'string' ? (this.positions.get(name) ?? UNKNOWN) : UNKNOWN;
    this.at = end;
    this.lastNames[position] = { bytes: Buffer.from(text), column };
    this.lastNames.length = position + 1;
    return column;
  }

  private readValue(column: number): boolean {
    switch (this.bytes[this.at]) {
      case QUOTE:
        return this.readString(column);
      case LOWER_N:
        if (!this.startsWith(NULL)) return false;
        this.rows.setNull(column);
        this.at += NULL.length;
        return true;
      case LOWER_T:
        return this.startsWith(TRUE) && this.readText(column, this.at + TRUE.length);
      case LOWER_F:
        return this.startsWith(FALSE) && this.readText(column, this.at + FALSE.length);
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        return this.readNested(column);
      default:
        return this.readText(column, this.findNumberEnd());
    }
  }

  /** The value from here to `end`; false where there is none. */
  private readText(column: number, end: number): boolean {
    const from = this.at;
    if (end <= from || end > this.end) return false;
    this.cursor.offset = from;
    this.rows.setText(column, this.cursor, end - from);
    this.at = end;
    return true;
  }

  private readString(column: number): boolean {
    const { bytes } = this;
    const from = this.at + 1;
    let at = from;
    for (;;) {
      const byte = bytes[at];
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) return this.readEscaped(column);
      // Nor is there anything behind the last line.
      if (!(byte >= SPACE)) return false;
      at++;
    }
    this.cursor.offset = from;
    this.rows.setText(column, this.cursor, at - from);
    this.at = at + 1;
    return true;
  }

  private readEscaped(column: number): boolean {
    const end = this.findStringEnd(this.at);
    if (end < 0) return false;
    const text = parsed(this.bytes.subarray(this.at, end));
    if (typeof text !== 'string' || HALF_PAIR.test(text)) return false;
    const bytes = Buffer.from(text);
    this.decoded.attach(bytes, 0);
    this.rows.setText(column, this.decoded, bytes.length);
    this.at = end;
    return true;
  }

  private readNested(column: number): boolean {
    const { bytes } = this;
    let depth = 0;
    for (let at = this.at; at >= 0 && at < this.end; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        at = this.findStringEnd(at) - 1;
        if (at < 0) return false;
      } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth++;
      else if ((byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) && --depth === 0) {
        const isJson = parsed(bytes.subarray(this.at, at + 1)) !== undefined;
        return isJson && this.readText(column, at + 1);
      }
    }
    return false;
  }

  /** Behind the closing quote of the string whose opening one is at `from`; -1: it has none. */
  private findStringEnd(from: number): number {
    const { bytes } = this;
    for (let at = from + 1; at < this.end; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) return at + 1;
      if (byte === BACKSLASH) at++;
    }
    return -1;
  }

  /** Of a number as JSON has it; -1: there is none. */
  private findNumberEnd(): number {
    const { bytes } = this;
    let at = this.at;
    if (bytes[at] === MINUS) at++;
    const digits = at;
    at = this.skipDigits(at);
    if (at === digits || (bytes[digits] === ZERO && at > digits + 1)) return -1;
    if (bytes[at] === POINT) {
      const fraction = at + 1;
      at = this.skipDigits(fraction);
      if (at === fraction) return -1;
    }
    if ((bytes[at] | CASE_BIT) === LOWER_E) {
      at++;
      if (bytes[at] === PLUS || bytes[at] === MINUS) at++;
      const exponent = at;
      at = this.skipDigits(exponent);
      if (at === exponent) return -1;
    }
    return at;
  }

  private skipDigits(from: number): number {
    const { bytes } = this;
    let at = from;
    while (bytes[at] >= ZERO && bytes[at] <= NINE) at++;
    return at;
  }

  private startsWith(expected: Buffer): boolean {
    const { bytes, at } = this;
    for (let i = 0; i < expected.length; i++) {
      if (bytes[at + i] !== expected[i]) return false;
    }
    return true;
  }

  /** Resolves to the byte after spaces; what is behind the line is none that JSON has. */
  private skipSpace(): number {
    const { bytes } = this;
    for (;;) {
      const byte = bytes[this.at];
      if (byte !== SPACE && byte !== TAB && byte !== RETURN) return byte;
      this.at++;
    }
  }

  private skipToEnd(): boolean {
    this.skipSpace();
    return this.at !== this.end;
  }

  private explain(line: number, from: number): Error {
    const row = parsed(this.bytes.subarray(from, this.end));
    if (row === undefined) return badRow(line, 'it is no JSON');
    if (typeof row !== 'object' || row === null) {
      return badRow(line, 'it is neither an array nor an object');
    }
    return badRow(line, this.misfit(row));
  }

  private misfit(row: object): string {
    const { columns } = this.rows;
    const wrapped = (row as { readonly rv?: unknown }).rv;
    const isWrapped = this.positions.get(WRAPPER) === WRAPPED && Array.isArray(wrapped);
    const values: unknown = isWrapped ? wrapped : row;
    if (Array.isArray(values) && values.length !== columns) {
      return `it has ${values.length} values, and the table ${columns} columns`;
    }
    const isHalf = (value: unknown): boolean => typeof value === 'string' && HALF_PAIR.test(value);
    if (Object.values(values as object).some(isHalf)) return 'it has half of a surrogate pair';
    if (isWrapped) return `it has more than ${WRAPPER}`;
    const unknown = Object.keys(row).find((name) => (this.positions.get(name) ?? UNKNOWN) < 0);
    return unknown === undefined
      ? 'it names a column twice'
      : `the table has no column ${JSON.stringify(unknown)}`;
  }
}

const HALF_PAIR = /\p{Surrogate}/u;

/** undefined: it is no JSON. */
function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
