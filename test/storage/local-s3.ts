import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import S3rver from 's3rver';
import { TempFolder } from '../helpers/temp-folder.js';
import type { S3Options } from '../../src/storage/s3-options.js';

/** A server that speaks like S3, on this machine, with one bucket. */
export class LocalS3 implements AsyncDisposable {
  static readonly bucket = 'kept';

  private constructor(
    private readonly server: S3rver,
    private readonly folder: TempFolder,
    readonly endpoint: string,
  ) {}

  static async open(): Promise<LocalS3> {
    const folder = await TempFolder.open();
    const server = new S3rver({
      address: '127.0.0.1',
      port: 0,
      silent: true,
      directory: folder.path,
      configureBuckets: [{ name: LocalS3.bucket }],
    });
    server.middleware.unshift((context, next) => answerUploads(folder.path, context, next));
    const { port } = await server.run();
    return new LocalS3(server, folder, `http://127.0.0.1:${port}`);
  }

  /** Where the server keeps its objects. */
  get path(): string {
    return this.folder.path;
  }

  /** The keys of uploads that are neither finished nor given up. */
  uploads(): Promise<string[]> {
    return uploadsIn(this.folder.path).then((found) => found.map(({ key }) => key));
  }

  get options(): S3Options {
    return {
      endpoint: this.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    };
  }

  get variables(): Record<string, string> {
    return {
      S3_ENDPOINT: this.endpoint,
      AWS_ACCESS_KEY_ID: 'S3RVER',
      AWS_SECRET_ACCESS_KEY: 'S3RVER',
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.folder[Symbol.asyncDispose]();
  }
}

/** S3's two requests about unfinished uploads, which this server lacks. */
async function answerUploads(
  folder: string,
  context: S3rver.Context,
  next: () => Promise<void>,
): Promise<void> {
  const { method, path, query } = context;
  if (method === 'GET' && 'uploads' in query) {
    const found = (await uploadsIn(folder)).filter(({ key }) => key.startsWith(query.prefix ?? ''));
    const listed = found.map(({ id, key }) => `<Key>${key}</Key><UploadId>${id}</UploadId>`);
    context.type = 'application/xml';
    context.body = `<ListMultipartUploadsResult>${listed
      .map((upload) => `<Upload>${upload}</Upload>`)
      .join('')}</ListMultipartUploadsResult>`;
    return;
  }
  if (method === 'DELETE' && query.uploadId !== undefined) {
    const key = decodeURIComponent(path).slice(`/${LocalS3.bucket}/`.length);
    const upload = (await uploadsIn(folder)).find(({ id }) => id === query.uploadId);
    if (upload?.key === key) await rm(upload.path, { recursive: true });
    context.status = upload?.key === key ? 204 : 404;
    return;
  }
  await next();
}

/** As the server keeps them. */
async function uploadsIn(folder: string): Promise<{ id: string; key: string; path: string }[]> {
  const within = join(folder, LocalS3.bucket, '._S3rver_uploads');
  const ids = await readdir(within).catch(() => []);
  return Promise.all(
    ids.map(async (id) => {
      const path = join(within, id);
      return { id, path, key: await readFile(join(path, 'key'), 'utf8') };
    }),
  );
}
