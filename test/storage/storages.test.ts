import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import test from 'node:test';
import type { BackupStorage } from '../../src/storage/backup-storage.js';
import { openStorage } from '../../src/storage/open-storage.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { LocalS3 } from './local-s3.js';

const NEVER = new AbortController().signal;
const MEBIBYTE = 1024 * 1024;
/** More than two parts of an upload. */
const LARGE_MEBIBYTES = 70;

interface Place extends AsyncDisposable {
  readonly storage: BackupStorage;
  /** Parts of files in it. */
  readonly leftovers: () => Promise<string[]>;
}

const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  'a folder': async () => {
    const folder = await TempFolder.open();
    const s3 = { endpoint: null, region: 'none', credentials: null };
    // One that is not there yet.
    const storage = await openStorage(folder.file('a/b'), s3);
    const leftovers = async (): Promise<string[]> => readdir(folder.file('a/b/a'));
    return { storage, leftovers, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
  },
  S3: async () => {
    const server = await LocalS3.open();
    const storage = await openStorage(`s3://${LocalS3.bucket}/some/path`, server.options);
    return {
      storage,
      leftovers: () => server.uploads(),
      async [Symbol.asyncDispose]() {
        storage[Symbol.dispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  },
};

async function* chunks(bytes: readonly Buffer[]): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield* bytes;
}

async function readAll(storage: BackupStorage, path: string): Promise<Buffer | null> {
  const stream = await storage.read(path, NEVER);
  if (stream === null) return null;
  const found: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) found.push(chunk);
  return Buffer.concat(found);
}

for (const [what, open] of Object.entries(PLACES)) {
  test(`${what} keeps, lists and removes`, async () => {
    await using place = await open();
    const { storage } = place;
    assert.deepEqual(await storage.list(NEVER), []);
    assert.equal(await readAll(storage, 'one/none'), null);
    await storage.remove('one', [], NEVER);
    for (const path of ['one/manifest.json', 'one/main/t.parquet', 'two/empty']) {
      const content = path === 'two/empty' ? [] : [Buffer.from('some '), Buffer.from(path)];
      const bytes = content.reduce((sum, { length }) => sum + length, 0);
      assert.equal(await storage.write(path, chunks(content), NEVER), bytes);
      assert.deepEqual(await readAll(storage, path), Buffer.concat(content));
    }
    const listed = (await storage.list(NEVER)).map(({ name, files }) => [
      name,
      files.filter((file) => file !== 'main'),
    ]);
    assert.deepEqual(listed.sort(), [
      ['one', ['manifest.json']],
      ['two', ['empty']],
    ]);
    await storage.remove('one', ['manifest.json'], NEVER);
    assert.deepEqual(
      (await storage.list(NEVER)).map(({ name }) => name),
      ['two'],
    );
  });

  test(`${what} takes a file in parts, and gives back what it took`, async () => {
    await using place = await open();
    const { storage } = place;
    const block = randomBytes(MEBIBYTE);
    const sent = createHash('sha256');
    const content = async function* (): AsyncGenerator<Buffer> {
      await Promise.resolve();
      for (let n = 0; n < LARGE_MEBIBYTES; n++) {
        block.writeUInt32BE(n, 0);
        sent.update(block);
        yield Buffer.from(block);
      }
    };
    assert.equal(await storage.write('large/file', content(), NEVER), LARGE_MEBIBYTES * MEBIBYTE);
    const found = createHash('sha256');
    const stream = await storage.read('large/file', NEVER);
    assert.ok(stream);
    for await (const chunk of stream as AsyncIterable<Buffer>) found.update(chunk);
    assert.equal(found.digest('hex'), sent.digest('hex'));
  });

  test(`${what} hands on what a content fails with, and ends on an abort`, async () => {
    await using place = await open();
    const { storage } = place;
    const failing = async function* (): AsyncGenerator<Buffer> {
      await Promise.resolve();
      yield Buffer.alloc(10);
      throw new Error('it failed');
    };
    await assert.rejects(storage.write('a/b', failing(), NEVER), /it failed/);
    const stop = new AbortController();
    const endless = async function* (): AsyncGenerator<Buffer> {
      await Promise.resolve();
      for (let n = 0; ; n++) {
        if (n === LARGE_MEBIBYTES) stop.abort();
        yield Buffer.alloc(MEBIBYTE);
      }
    };
    await assert.rejects(storage.write('a/c', endless(), stop.signal), { name: 'AbortError' });
    assert.equal(await readAll(storage, 'a/b'), null);
    assert.equal(await readAll(storage, 'a/c'), null);
    assert.deepEqual(await place.leftovers(), []);
  });
}

test('parts that a killed upload has left in S3 are removed, and no others', async () => {
  await using server = await LocalS3.open();
  using storage = await openStorage(`s3://${LocalS3.bucket}/some/path`, server.options);
  await storage.removeParts('ducktail-0a-', NEVER);
  const keys = ['ducktail-0a-1/replica', 'ducktail-0a-2/main/t ü.parquet', 'ducktail-0b-1/replica'];
  for (const key of keys) {
    const url = `${server.endpoint}/${LocalS3.bucket}/some/path/${encodeURI(key)}?uploads`;
    assert.equal((await fetch(url, { method: 'POST' })).status, 200);
  }
  assert.equal((await server.uploads()).length, 3);
  await storage.removeParts('ducktail-0a-', NEVER);
  assert.deepEqual(await server.uploads(), ['some/path/ducktail-0b-1/replica']);
});

test('what S3 refuses is told with what to do', async () => {
  await using server = await LocalS3.open();
  using none = await openStorage('s3://no-such-bucket/x', server.options);
  await assert.rejects(none.list(NEVER), {
    code: 'storage-failed',
    message: /^s3:\/\/no-such-bucket\/x can't be used: /,
    hint: 'Make the bucket first: Ducktail makes none.',
  });
  const wrong = { accessKeyId: 'UNKNOWN', secretAccessKey: 'another' };
  const options = { ...server.options, credentials: wrong };
  using denied = await openStorage(`s3://${LocalS3.bucket}`, options);
  await assert.rejects(denied.list(NEVER), {
    code: 'storage-failed',
    hint: /AWS_SECRET_ACCESS_KEY/,
  });
  for (const place of ['s3:///x', 's3:kept/x', 'S3://kept/x', 'gs://kept/x', 'file:///tmp/x']) {
    await assert.rejects(openStorage(place, server.options), { code: 'configuration' });
  }
});
