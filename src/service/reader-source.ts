import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { readerWindowBytes, type SnapshotOptions } from '../snapshot/options.js';
import { ReaderPool } from '../source/reader-pool.js';

export interface ReaderSourceOptions {
  readonly endpoint: MysqlEndpoint;
  readonly options: SnapshotOptions;
}

/** Opens readers. */
export class ReaderSource implements AsyncDisposable {
  private first: Promise<ReaderPool> | null = null;

  constructor(private readonly request: ReaderSourceOptions) {}

  /** Has the first ones started ahead of their use: threads take a while. */
  startAhead(): void {
    this.first ??= this.openPool();
    // Whoever takes it hears of its failure; nobody may come to take it.
    this.first.catch(() => undefined);
  }

  open(): Promise<ReaderPool> {
    const pool = this.first ?? this.openPool();
    this.first = null;
    return pool;
  }

  /** One reader without a thread, for few rows. */
  openHere(): Promise<ReaderPool> {
    const { endpoint, options } = this.request;
    return ReaderPool.openHere({ endpoint, windowBytes: readerWindowBytes(options) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pool = await this.first?.catch(() => null);
    await pool?.[Symbol.asyncDispose]();
  }

  private openPool(): Promise<ReaderPool> {
    const { endpoint, options } = this.request;
    return ReaderPool.open({
      endpoint,
      count: options.readers,
      windowBytes: readerWindowBytes(options),
    });
  }
}
