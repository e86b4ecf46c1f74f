import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { DucktailError } from '../common/errors.js';

/**
 * Files that are encrypted before they leave this process: AES-256-GCM in chunks, so that they are
 * written and read as streams, and nothing of them is believed before it was authenticated.
 *
 *   header   16 bytes of magic, 16 of salt, 16 that tell whether a key is the right one
 *   chunks   65536 bytes (the last one: 0 to 65536), each followed by its tag of 16
 *
 * Each file has a key of its own, derived from the operator's, the salt and the file's name: no nonce
 * is used twice, and a file can't stand in for another. A nonce is the chunk's number and whether it
 * is the last one: chunks can't change places, and none can be missing.
 */
const MAGIC = Buffer.from('DUCKTAIL SEAL 1\n');
const SALT_BYTES = 16;
const CHECK_BYTES = 16;
const HEADER_BYTES = MAGIC.length + SALT_BYTES + CHECK_BYTES;
const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;

/** What the bytes become under the key, for a file of this name. */
export async function* seal(
  content: AsyncIterable<Buffer>,
  key: Buffer,
  name: string,
): AsyncGenerator<Buffer> {
  const salt = randomBytes(SALT_BYTES);
  const header = Buffer.concat([MAGIC, salt, keyCheck(key, salt)]);
  yield header;
  const fileKey = deriveKey(key, salt, name);
  let count = 0;
  for await (const { chunk, isLast } of chunksOf(content, CHUNK_BYTES)) {
    const cipher = createCipheriv('aes-256-gcm', fileKey, nonce(count++, isLast));
    cipher.setAAD(header);
    yield Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
  }
}

/**
 * The other way; throws a `backup-damaged` where it is not what was sealed under this key and name.
 * `where` it lies is for messages.
 */
export async function* unseal(
  sealed: AsyncIterable<Buffer>,
  key: Buffer,
  name: string,
  where: string,
): AsyncGenerator<Buffer> {
  const { header, rest } = await readHeader(sealed, where);
  const salt = header.subarray(MAGIC.length, MAGIC.length + SALT_BYTES);
  const check = header.subarray(MAGIC.length + SALT_BYTES);
  if (!timingSafeEqual(check, keyCheck(key, salt))) throw wrongKey(where);
  const fileKey = deriveKey(key, salt, name);
  let count = 0;
  for await (const { chunk, isLast } of chunksOf(rest, CHUNK_BYTES + TAG_BYTES)) {
    if (chunk.length < TAG_BYTES) throw damaged(where);
    const decipher = createDecipheriv('aes-256-gcm', fileKey, nonce(count++, isLast));
    decipher.setAAD(header);
    decipher.setAuthTag(chunk.subarray(chunk.length - TAG_BYTES));
    const text = decipher.update(chunk.subarray(0, chunk.length - TAG_BYTES));
    try {
      decipher.final();
    } catch (error) {
      throw damaged(where, error);
    }
    yield text;
  }
}

function deriveKey(key: Buffer, salt: Buffer, name: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, `ducktail file ${name}`, 32));
}

function keyCheck(key: Buffer, salt: Buffer): Buffer {
  const check = createHmac('sha256', key).update('ducktail key check').update(salt).digest();
  return check.subarray(0, CHECK_BYTES);
}

function nonce(count: number, isLast: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUIntBE(count, 4, 6);
  bytes[11] = isLast ? 1 : 0;
  return bytes;
}

/** Chunks of exactly the size, but for the last one, which is shorter or, of nothing, empty. */
async function* chunksOf(
  content: AsyncIterable<Buffer>,
  bytes: number,
): AsyncGenerator<{ chunk: Buffer; isLast: boolean }> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const more of content) {
    pending = pending.length === 0 ? more : Buffer.concat([pending, more]);
    let from = 0;
    // What is full may still be the last one, until more has come.
    for (; pending.length - from > bytes; from += bytes) {
      yield { chunk: pending.subarray(from, from + bytes), isLast: false };
    }
    pending = pending.subarray(from);
  }
  yield { chunk: pending, isLast: true };
}

async function readHeader(
  sealed: AsyncIterable<Buffer>,
  where: string,
): Promise<{ header: Buffer; rest: AsyncIterable<Buffer> }> {
  const iterator = sealed[Symbol.asyncIterator]();
  let begun = Buffer.alloc(0);
  while (begun.length < HEADER_BYTES) {
    const next = await iterator.next();
    if (next.done === true) break;
    begun = Buffer.concat([begun, next.value]);
  }
  const header = begun.subarray(0, HEADER_BYTES);
  if (header.length < HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw damaged(where);
  }
  async function* rest(): AsyncGenerator<Buffer> {
    yield begun.subarray(HEADER_BYTES);
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { header, rest: rest() };
}

function wrongKey(where: string): DucktailError {
  return new DucktailError('backup-damaged', `${where} was encrypted with another key`, {
    hint: 'Set BACKUP_ENCRYPTION_KEY to the key that the backup was made with.',
  });
}

function damaged(where: string, cause?: unknown): DucktailError {
  return new DucktailError(
    'backup-damaged',
    `${where} is damaged: it is not what was encrypted, or not all of it`,
    { cause, hint: 'Take another backup; nothing was restored from this one.' },
  );
}
