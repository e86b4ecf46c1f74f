import assert from 'node:assert/strict';
import test from 'node:test';
import { type BuiltColumn, buildColumn, planOf, stringAt } from './built-column.js';
import { lengthEncoded } from './wire.js';

/** Around the bounds of inline strings, of copying by words, of length prefixes, of the heap. */
const LENGTHS = [
  ...[0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 14, 15, 16, 17, 20, 159, 160, 161, 162, 250, 251, 252, 300],
  ...[4096, 65_535, 65_536, 300_000],
];

function counted(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 37 + 200) % 256));
}

function letters(length: number): string {
  return 'abcdefghijklmnopqrstuvwxyz'.repeat(Math.ceil(length / 26)).slice(0, length);
}

function assertStrings(built: BuiltColumn, expected: readonly Buffer[]): void {
  expected.forEach((bytes, row) => {
    assert.equal(built.data.getUint32(row * 16, true), bytes.length);
    assert.ok(stringAt(built, row).equals(bytes), `${bytes.length} bytes in row ${row}`);
    const inPlace = Buffer.from(built.data.buffer, built.data.byteOffset + row * 16 + 4, 12);
    if (bytes.length <= 12) {
      // DuckDB compares these words whole: what is not used has to be zero.
      assert.ok(inPlace.subarray(bytes.length).every((byte) => byte === 0));
    } else {
      assert.ok(inPlace.subarray(0, 4).equals(bytes.subarray(0, 4)), 'the prefix');
    }
  });
}

test('byte strings of every length are kept, in the middle and at the end of the buffer', () => {
  const values = LENGTHS.map(counted);
  for (const tail of [0, 1, 5, 11, 12, 32]) {
    const built = buildColumn(planOf('longblob'), values.map(lengthEncoded), tail);
    assertStrings(built, values);
    assert.equal(built.batch.hasNulls[0], 0);
  }
});

test('texts of every length are kept, with letters beyond ASCII anywhere', () => {
  for (const odd of ['', 'é', '€', '😀', '\0', '\u{10ffff}']) {
    const oddBytes = Buffer.byteLength(odd);
    const lengths = LENGTHS.filter((length) => length >= oddBytes);
    for (const place of ['first', 'last'] as const) {
      const values = lengths.map((length) => {
        const rest = letters(length - oddBytes);
        return Buffer.from(place === 'first' ? odd + rest : rest + odd);
      });
      for (const tail of [0, 32]) {
        const built = buildColumn(planOf('longtext'), values.map(lengthEncoded), tail);
        assertStrings(built, values);
        assert.deepEqual(
          built.reasons,
          values.map(() => null),
        );
      }
    }
  }
});

test('text that is not UTF-8 is rejected, and leaves nothing in the heap', () => {
  const invalid = ['ff', 'c328', 'eda080', 'f0288cbc', 'c3', 'e282', 'f4908080', 'c080', '80'];
  for (const hex of invalid) {
    const bad = Buffer.from(hex, 'hex');
    for (const length of [0, 4, 12, 13, 100, 158, 200, 5000]) {
      const text = Buffer.from(letters(length));
      for (const value of [Buffer.concat([text, bad]), Buffer.concat([bad, text])]) {
        const built = buildColumn(planOf('text'), [lengthEncoded(value)], 0);
        assert.equal(built.reasons[0], 'invalid UTF-8', value.toString('hex'));
        assert.ok(built.isNull(0));
        assert.deepEqual([built.batch.heapBytes, built.data.getUint32(0, true)], [0, 0]);
      }
    }
  }
});

test('bytes behind a text don’t count for it', () => {
  const bytes = Buffer.concat([lengthEncoded('ab'), Buffer.alloc(20, 0xff)]);
  const built = buildColumn(planOf('text'), [bytes.subarray(0, 3)], 0);
  assert.deepEqual([stringAt(built, 0).toString(), built.reasons[0]], ['ab', null]);
});

test('an empty string is not NULL, and a NULL has no length', () => {
  const built = buildColumn(planOf('varchar(20)'), [
    lengthEncoded(''),
    null,
    lengthEncoded('x'.repeat(20)),
    null,
  ]);
  assert.deepEqual(
    [0, 1, 2, 3].map((row) => [built.isNull(row), built.data.getUint32(row * 16, true)]),
    [
      [false, 0],
      [true, 0],
      [false, 20],
      [true, 0],
    ],
  );
  assert.equal(built.batch.hasNulls[0], 1);
});

test('GEOMETRY is its well-known binary without the reference system', () => {
  const wkb = Buffer.from('0101000000000000000000f03f0000000000000040', 'hex');
  const srid = Buffer.of(0xe6, 0x10, 0, 0);
  const built = buildColumn(
    planOf('geometry'),
    [lengthEncoded(Buffer.concat([srid, wkb])), lengthEncoded(''), lengthEncoded(srid)],
    0,
  );
  assertStrings(built, [wkb]);
  assert.deepEqual(built.reasons, [null, 'malformed value', 'malformed value']);
});

test('VECTOR is a count and a place in the heap', () => {
  const vectors = [[1, -0.5, 3], [], [2 ** -149]].map((values) => Float32Array.from(values));
  const built = buildColumn(
    planOf('vector(3)'),
    vectors.map((values) => lengthEncoded(new Uint8Array(values.buffer))),
    0,
  );
  vectors.forEach((values, row) => {
    const count = Number(built.data.getBigUint64(row * 16, true));
    const offset = Number(built.data.getBigUint64(row * 16 + 8, true));
    const view = new DataView(built.batch.heap, offset);
    const found = Array.from({ length: count }, (_, at) => view.getFloat32(at * 4, true));
    assert.deepEqual(found, [...values]);
  });
});
