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
    const { port } = await server.run();
    return new LocalS3(server, folder, `http://127.0.0.1:${port}`);
  }

  /** Where the server keeps its objects. */
  get path(): string {
    return this.folder.path;
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
