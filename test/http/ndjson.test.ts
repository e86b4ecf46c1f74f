import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import test from 'node:test';
import fc from 'fast-check';
import { type ColumnBatch, layoutBatch } from '../../src/batch/column-batch.js';
import { TextRows } from '../../src/batch/text-rows.js';
import { errorMessage } from '../../src/common/errors.js';
import { NdjsonLines } from '../../src/http/ndjson-lines.js';
import { NdjsonRows } from '../../src/http/ndjson-rows.js';

const COLUMNS = [{ name: 'a' }, { name: 'b é' }, { name: 'c' }];

type Texts = (string | null)[];

/** The rows' texts as they come to DuckDB, with their lines. */
function readBody(body: Buffer, pieceBytes = body.length, columns = COLUMNS): [number, ...Texts][] {
  const read: [number, ...Texts][] = [];
  const texts = new TextRows(columns.length, (batch) => read.push(...textsOf(batch, texts)));
  const rows = new NdjsonRows(columns, texts);
  const lines = new NdjsonLines((line, bytes, from, to) => rows.read(line, bytes, from, to));
  for (let at = 0; at < body.length; at += pieceBytes) {
    lines.take(body.subarray(at, at + pieceBytes));
  }
  lines.end();
  texts.flush();
  return read;
}

function textsOf(batch: ColumnBatch, { plans }: TextRows): [number, ...Texts][] {
  const { columns } = layoutBatch(plans, batch.capacity);
  const lines = new Int32Array(batch.fixed, columns[0].dataOffset);
  return Array.from({ length: batch.rows }, (_, row) => [
    lines[row],
    ...columns.slice(1).map(({ dataOffset, validityOffset }) => {
      const validity = new Uint8Array(batch.fixed, validityOffset);
      if ((validity[row >> 3] & (1 << (row & 7))) === 0) return null;
      const string = Buffer.from(batch.fixed, dataOffset + row * 16, 16);
      const length = string.readUInt32LE(0);
      const inline = string.subarray(4, 4 + length);
      const long = Buffer.from(batch.heap).subarray(string.readUInt32LE(8));
      return (length <= 12 ? inline : long.subarray(0, length)).toString('utf8');
    }),
  ]);
}

function lines(...texts: readonly string[]): Buffer {
  return Buffer.from(texts.join('\n'));
}

test('values are the texts of the line', () => {
  const body = lines(
    '[1,"two",null]',
    ' [ -1.50e+10 ,\t"a longer text than twelve bytes" , true ]\r',
    '',
    '["\\"\\u00e9\\n\\ud83e\\udd86",[1, {"x": "]"}],false]',
    '{"c":{"y":[]},"a":123456789012345678901234567890.12345678901234567890}',
    '{"c":1,"a":2}',
    '{"b é":"","a":3}',
    '{"\\u0061":4}',
    '{}',
    '{"rv":[5,6,7]}',
  );
  const expected: [number, ...Texts][] = [
    [1, '1', 'two', null],
    [2, '-1.50e+10', 'a longer text than twelve bytes', 'true'],
    [4, '"é\n🦆', '[1, {"x": "]"}]', 'false'],
    [5, '123456789012345678901234567890.12345678901234567890', null, '{"y":[]}'],
    [6, '2', null, '1'],
    [7, '3', '', null],
    [8, '4', null, null],
    [9, null, null, null],
    [10, '5', '6', '7'],
  ];
  for (const pieceBytes of [1, 7, body.length]) {
    assert.deepEqual(readBody(body, pieceBytes), expected);
  }
});

test('a column may be called rv', () => {
  const columns = [{ name: 'rv' }];
  assert.deepEqual(readBody(lines('{"rv":[1]}', '[2]'), 4, columns), [
    [1, '[1]'],
    [2, '2'],
  ]);
});

const BAD: readonly (readonly [line: string, reason: RegExp])[] = [
  ['[1,2]', /it has 2 values, and the table 3 columns/],
  ['[1,2,3,4]', /it has 4 values/],
  ['{"rv":[1]}', /it has 1 values/],
  ['{"rv":[1,2,3],"a":1}', /more than rv/],
  ['{"a":1,"a":2}', /a column twice/],
  ['{"A":1}', /no column "A"/],
  ['{"rv":1}', /no column "rv"/],
  ['{"x":{"toString":1}}', /no column "x"/],
  ['["\\ud83e",1,2]', /half of a surrogate pair/],
  ['[1,2,3', /no JSON/],
  ['[1,2,3]]', /no JSON/],
  ['[1,2,3] [4,5,6]', /no JSON/],
  ['[1,[2},3]', /no JSON/],
  ['[1,[2,3]', /no JSON/],
  ['[1,"2,3]', /no JSON/],
  ['[1,"\t",3]', /no JSON/],
  ['[1,"\\x",3]', /no JSON/],
  ['[1,2,tru]', /no JSON/],
  ['[01,2,3]', /no JSON/],
  ['[1.,2,3]', /no JSON/],
  ['[-,2,3]', /no JSON/],
  ['[1e,2,3]', /no JSON/],
  ['[.5,2,3]', /no JSON/],
  ['[+1,2,3]', /no JSON/],
  ['[NaN,2,3]', /no JSON/],
  ['{"a":1,}', /no JSON/],
  ['{"a" 1}', /no JSON/],
  ['"a"', /neither an array nor an object/],
  ['null', /neither an array nor an object/],
];

test('a line that is no row says why', () => {
  for (const [line, reason] of BAD) {
    const read = (): unknown => readBody(lines('[0,0,0]', line, '[9,9,9]'));
    assert.throws(read, (error: Error) => {
      assert.match(error.message, /^line 2: /, line);
      assert.match(error.message, reason, line);
      return true;
    });
  }
});

test('a line takes what JSON.parse takes, and nothing else', () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const lineOf = fc.record({
    values: fc.array(value, { minLength: COLUMNS.length, maxLength: COLUMNS.length }),
    isNamed: fc.boolean(),
    space: fc.constantFrom('', ' ', '\t\r'),
  });
  const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0x20, max: 0x7e }) });
  const property = fc.property(lineOf, change, ({ values, isNamed, space }, { at, byte }) => {
    const named = Object.fromEntries(COLUMNS.map(({ name }, index) => [name, values[index]]));
    const line = Buffer.from(space + JSON.stringify(isNamed ? named : values) + space);
    expectSame(line);
    line[at % line.length] = byte;
    expectSame(line);
  });
  fc.assert(property, { numRuns: 3000 });
});

function expectSame(line: Buffer): void {
  const text = line.toString('utf8');
  const expected = isUtf8(line) ? expectedValues(text) : null;
  if (expected === null) {
    assert.throws(() => readBody(line), /line 1: /, text);
    return;
  }
  let read: [number, ...Texts][];
  try {
    read = readBody(line);
  } catch (error) {
    // What JSON.parse takes all the same.
    assert.match(errorMessage(error), /twice|surrogate/, text);
    return;
  }
  const [, ...texts] = read[0];
  texts.forEach((found, column) => {
    const value = expected[column];
    if (typeof value === 'string' || found === null) assert.equal(found, value, text);
    else assert.deepEqual(JSON.parse(found), value, text);
  });
}

/** null: the line is no row. */
function expectedValues(text: string): unknown[] | null {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    return null;
  }
  if (Array.isArray(row)) return row.length === COLUMNS.length ? row : null;
  if (typeof row !== 'object' || row === null) return null;
  const names = COLUMNS.map(({ name }) => name);
  if (Object.keys(row).some((name) => !names.includes(name))) return null;
  const named = new Map<string, unknown>(Object.entries(row));
  return names.map((name) => named.get(name) ?? null);
}
