import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { BackupStorage } from '../storage/backup-storage.js';
import { DucktailError } from '../common/errors.js';
import { Hashed } from './hashed.js';
import { type Manifest, MANIFEST, type ManifestFile, parseManifest, SEALED } from './manifest.js';
import { seal, unseal } from './sealed-stream.js';

/** A backup's folder in a storage, and the key of what is in it. */
export interface BackupPlace {
  readonly storage: BackupStorage;
  readonly folder: string;
  /** null: not encrypted. */
  readonly key: Buffer | null;
  readonly signal: AbortSignal;
}

/** Writes a file of this machine into the backup. */
export async function storeFile(
  { storage, folder, key, signal }: BackupPlace,
  name: string,
  path: string,
): Promise<ManifestFile> {
  const hashed = new Hashed();
  const plain = hashed.of(createReadStream(path));
  const target = `${folder}/${name}${key === null ? '' : SEALED}`;
  const content = key === null ? plain : seal(plain, key, name);
  let sent = 0;
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of content) {
      sent += chunk.length;
      yield chunk;
    }
  };
  const kept = await storage.write(target, counted(), signal);
  if (kept !== sent) {
    throw new DucktailError(
      'storage-failed',
      `${storage.place}/${target} has ${kept} of the ${sent} bytes that were written`,
      { hint: 'Check the place; the replica is untouched.' },
    );
  }
  return hashed.describe(name);
}

/** The same for one that is in its place already. */
export async function describeFile(
  name: string,
  path: string,
  signal: AbortSignal,
): Promise<ManifestFile> {
  const hashed = new Hashed();
  for await (const _chunk of hashed.of(createReadStream(path, { signal }))) {
    // It is read for what it is.
  }
  return hashed.describe(name);
}

export async function storeManifest(place: BackupPlace, manifest: Manifest): Promise<void> {
  const { storage, folder, key, signal } = place;
  const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  // eslint-disable-next-line @typescript-eslint/require-await -- a stream of one chunk
  const plain = async function* (): AsyncGenerator<Buffer> {
    yield text;
  };
  if (key === null) await storage.write(`${folder}/${MANIFEST}`, plain(), signal);
  else {
    await storage.write(`${folder}/${MANIFEST}${SEALED}`, seal(plain(), key, MANIFEST), signal);
  }
}

/** Throws a `backup-damaged` where the folder holds no whole backup, or not under this key. */
export async function readManifest({
  storage,
  folder,
  key,
  signal,
}: BackupPlace): Promise<Manifest> {
  const place = `${storage.place}/${folder}`;
  const plain = await storage.read(`${folder}/${MANIFEST}`, signal);
  if (plain !== null) return parseManifest(await textOf(plain), place);
  const sealed = await storage.read(`${folder}/${MANIFEST}${SEALED}`, signal);
  if (sealed === null) {
    throw new DucktailError('backup-damaged', `${place} is no whole backup: it has no manifest`, {
      hint: 'It was not finished, or is not one; the next backup removes what a killed one has left.',
    });
  }
  if (key === null) throw keyNeeded(place);
  return parseManifest(
    await textOf(unseal(sealed, key, MANIFEST, `${place}/${MANIFEST}${SEALED}`)),
    place,
  );
}

/** Puts a file of the backup where `write` does; throws where it is not the one of the manifest. */
export async function fetchFile(
  { storage, folder, key, signal }: BackupPlace,
  file: ManifestFile,
  isSealed: boolean,
  write: (content: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const path = `${folder}/${file.name}${isSealed ? SEALED : ''}`;
  const stored = await storage.read(path, signal);
  const where = `${storage.place}/${path}`;
  if (stored === null) throw notAsMade(where, 'it is not there');
  if (isSealed && key === null) throw keyNeeded(where);
  const hashed = new Hashed();
  const plain = isSealed && key !== null ? unseal(stored, key, file.name, where) : stored;
  await write(hashed.of(plain as AsyncIterable<Buffer>));
  const found = hashed.describe(file.name);
  if (found.bytes !== file.bytes) {
    throw notAsMade(where, `it has ${found.bytes} bytes instead of ${file.bytes}`);
  }
  if (found.sha256 !== file.sha256) throw notAsMade(where, 'its checksum is another');
}

async function textOf(content: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function keyNeeded(place: string): DucktailError {
  return new DucktailError('configuration', `${place} is encrypted`, {
    hint: 'Set BACKUP_ENCRYPTION_KEY to the key that the backup was made with.',
  });
}

function notAsMade(place: string, what: string): DucktailError {
  return new DucktailError('backup-damaged', `${place} is damaged: ${what}`, {
    hint: 'Nothing was restored from it. Restore another backup.',
  });
}

/** A file's path in a folder of this machine, from its name in a backup. */
export function localPath(folder: string, name: string): string {
  return join(folder, ...name.split('/'));
}
