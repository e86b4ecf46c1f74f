import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { DucktailError } from '../common/errors.js';
import type { BackupStorage, StoredFolder } from './backup-storage.js';
import type { S3Options } from './s3-options.js';
import { storageError } from './storage-error.js';

/** S3 takes 10,000 parts of a file: 312 GB of this size. */
const PART_BYTES = 32 * 1024 * 1024;
/** Parts on their way at once, each of them in memory. */
const PARTS_AT_ONCE = 3;
const ATTEMPTS = 5;
/** A server that is not there is tried again; one that was silent for so long is given up. */
const CONNECT_MS = 10_000;
const SILENCE_MS = 300_000;
/** For taking back what was sent, where the process is to end. */
const GIVE_BACK_MS = 2_000;
const PARTS_REFUSED = ['NotImplemented', 'MethodNotAllowed', 'AccessDenied'];
/** As many as one request may name. */
const KEYS_AT_ONCE = 1000;

/** Backups in a bucket of S3, or of what speaks like it. */
export class S3Storage implements BackupStorage {
  readonly place: string;
  private readonly client: S3Client;
  private readonly prefix: string;

  constructor(
    private readonly bucket: string,
    path: string,
    { endpoint, region, credentials }: S3Options,
  ) {
    this.prefix = path === '' ? '' : `${path}/`;
    this.place = `s3://${bucket}/${path}`;
    this.client = new S3Client({
      region,
      maxAttempts: ATTEMPTS,
      requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
      // Not every server knows the checksums that AWS has added; parts are checked by their ETags.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
      ...(credentials === null ? {} : { credentials }),
    });
  }

  list(signal: AbortSignal): Promise<StoredFolder[]> {
    return this.guard(signal, async () => {
      const folders = new Map<string, string[]>();
      for await (const key of this.keys(this.prefix, signal)) {
        const [folder, file, ...deeper] = key.slice(this.prefix.length).split('/');
        if (file === undefined) continue;
        const files = folders.get(folder) ?? [];
        if (deeper.length === 0) files.push(file);
        folders.set(folder, files);
      }
      return [...folders].map(([name, files]) => ({ name, files }));
    });
  }

  /** In parts; what was sent of a file that fails is taken back. */
  write(path: string, content: AsyncIterable<Buffer>, signal: AbortSignal): Promise<number> {
    return this.guard(signal, async () => {
      signal.throwIfAborted();
      const Key = this.prefix + path;
      const Body = Readable.from(content, { objectMode: false });
      const upload = new Upload({
        client: this.untilAborted(signal),
        params: { Bucket: this.bucket, Key, Body },
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
        leavePartsOnError: false,
      });
      try {
        await upload.done();
      } finally {
        // What it was not read to its end of is closed.
        Body.destroy();
      }
      const head = await this.client.send(new HeadObjectCommand({ Bucket: this.bucket, Key }), {
        abortSignal: signal,
      });
      return head.ContentLength ?? NaN;
    });
  }

  read(path: string, signal: AbortSignal): Promise<Readable | null> {
    return this.guard(signal, async () => {
      try {
        const found = await this.client.send(
          new GetObjectCommand({ Bucket: this.bucket, Key: this.prefix + path }),
          { abortSignal: signal },
        );
        return found.Body as Readable;
      } catch (error) {
        if (['NoSuchKey', 'NotFound'].includes((error as Error).name)) return null;
        throw error;
      }
    });
  }

  remove(folder: string, first: readonly string[], signal: AbortSignal): Promise<void> {
    return this.guard(signal, async () => {
      const within = `${this.prefix}${folder}/`;
      const keys: string[] = [];
      for await (const key of this.keys(within, signal)) keys.push(key);
      const isFirst = (key: string): boolean => first.includes(key.slice(within.length));
      await this.delete(keys.filter(isFirst), signal);
      const rest = keys.filter((key) => !isFirst(key));
      for (let from = 0; from < rest.length; from += KEYS_AT_ONCE) {
        await this.delete(rest.slice(from, from + KEYS_AT_ONCE), signal);
      }
    });
  }

  /** Uploads that were never finished; they are kept, and paid for, until somebody ends them. */
  removeParts(folderStart: string, signal: AbortSignal): Promise<void> {
    return this.guard(signal, async () => {
      try {
        while (await this.abortUploads(this.prefix + folderStart, signal));
      } catch (error) {
        // A backup does not need it: servers that lack it, and accounts that may not, are many.
        if (!PARTS_REFUSED.includes((error as Error).name)) throw error;
      }
    });
  }

  localFile(): Promise<null> {
    return Promise.resolve(null);
  }

  [Symbol.dispose](): void {
    this.client.destroy();
  }

  private async delete(keys: readonly string[], abortSignal: AbortSignal): Promise<void> {
    if (keys.length === 0) return;
    const { Errors = [] } = await this.client.send(
      new DeleteObjectsCommand({
        Bucket: this.bucket,
        Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true },
      }),
      { abortSignal },
    );
    if (Errors.length === 0) return;
    const [{ Key = '', Message, Code = '' }] = Errors;
    throw new DucktailError(
      'storage-failed',
      `${Key} in ${this.place} can't be removed: ${Message ?? Code}`,
      { hint: 'The account needs s3:DeleteObject there.' },
    );
  }

  private async *keys(prefix: string, abortSignal: AbortSignal): AsyncGenerator<string> {
    let token: string | undefined;
    do {
      const page = await this.client.send(
        new ListObjectsV2Command({
          Bucket: this.bucket,
          Prefix: prefix,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
        { abortSignal },
      );
      for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key;
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  /**
   * For an upload, whose own abort leaves requests under way and parts in place: all that it sends is
   * aborted, but for what takes back its parts.
   */
  private untilAborted(signal: AbortSignal): S3Client {
    const send = (command: Parameters<S3Client['send']>[0]): Promise<unknown> => {
      const isCleanup = command instanceof AbortMultipartUploadCommand;
      const abortSignal = isCleanup ? AbortSignal.timeout(GIVE_BACK_MS) : signal;
      return this.client.send(command, { abortSignal });
    };
    return Object.create(this.client, { send: { value: send } }) as S3Client;
  }

  /** Resolves to whether there are more. */
  private async abortUploads(prefix: string, abortSignal: AbortSignal): Promise<boolean> {
    const { Uploads = [], IsTruncated } = await this.client.send(
      new ListMultipartUploadsCommand({ Bucket: this.bucket, Prefix: prefix }),
      { abortSignal },
    );
    for (const { Key, UploadId } of Uploads) {
      const upload = { Bucket: this.bucket, Key, UploadId };
      await this.client.send(new AbortMultipartUploadCommand(upload), { abortSignal });
    }
    return IsTruncated === true && Uploads.length > 0;
  }

  private async guard<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      throw storageError(this.place, error);
    }
  }
}
