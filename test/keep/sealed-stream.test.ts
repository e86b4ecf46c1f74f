import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { seal, unseal } from '../../src/keep/sealed-stream.js';

const KEY = Buffer.alloc(32, 7);
const HEADER = 48;
const RECORD = 65_536 + 16;
const SIZES = [0, 1, 65_535, 65_536, 65_537, 3 * 65_536, 200_000];

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  await Promise.resolve();
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function all(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const sealed = (bytes: Buffer, name = 'f'): Promise<Buffer> =>
  all(seal(pieces(bytes, 9999), KEY, name));
const opened = (bytes: Buffer, key = KEY, name = 'f'): Promise<Buffer> =>
  all(unseal(pieces(bytes, 7777), key, name, name));

for (const size of SIZES) {
  test(`${size} bytes are sealed and opened again, however they come`, async () => {
    const bytes = randomBytes(size);
    const hidden = await sealed(bytes);
    assert.equal(hidden.length, HEADER + size + 16 * Math.max(1, Math.ceil(size / 65_536)));
    assert.ok((await opened(hidden)).equals(bytes));
    for (const piece of [1, 48, 65_552, 1_000_000]) {
      if (size / piece > 10_000) continue;
      assert.ok((await all(unseal(pieces(hidden, piece), KEY, 'f', 'f'))).equals(bytes));
    }
    assert.notDeepEqual(await sealed(bytes), hidden, 'the same twice');
  });
}

test('any changed bit is noticed', async () => {
  const hidden = await sealed(randomBytes(70_000));
  await fc.assert(
    fc.asyncProperty(fc.nat(hidden.length - 1), fc.nat(7), async (at, bit) => {
      const changed = Buffer.from(hidden);
      changed[at] ^= 1 << bit;
      await assert.rejects(opened(changed), { code: 'backup-damaged' });
    }),
    { numRuns: 60 },
  );
});

test('any missing end is noticed, also of whole chunks', async () => {
  const hidden = await sealed(randomBytes(3 * 65_536));
  const ends = [0, 1, HEADER - 1, HEADER, HEADER + RECORD, HEADER + 2 * RECORD, hidden.length - 1];
  for (const end of ends) {
    await assert.rejects(opened(hidden.subarray(0, end)), { code: 'backup-damaged' }, String(end));
  }
  await assert.rejects(opened(Buffer.concat([hidden, Buffer.alloc(1)])), {
    code: 'backup-damaged',
  });
});

test('chunks can neither change places nor come twice', async () => {
  const hidden = await sealed(randomBytes(3 * 65_536));
  const [head, ...records] = [
    hidden.subarray(0, HEADER),
    ...[0, 1, 2].map((n) => hidden.subarray(HEADER + n * RECORD, HEADER + (n + 1) * RECORD)),
  ];
  for (const order of [[1, 0, 2], [0, 0, 2], [0, 2], [0, 1, 2, 2], [2]]) {
    const mixed = Buffer.concat([head, ...order.map((n) => records[n])]);
    await assert.rejects(opened(mixed), { code: 'backup-damaged' }, order.join());
  }
});

test('another key is told apart from damage', async () => {
  const hidden = await sealed(randomBytes(10));
  await assert.rejects(opened(hidden, Buffer.alloc(32, 8)), {
    code: 'backup-damaged',
    message: 'f was encrypted with another key',
  });
});

test('a file can not stand in for another', async () => {
  await assert.rejects(opened(await sealed(randomBytes(10), 'a'), KEY, 'b'), {
    message: /^b is damaged/,
  });
});
