import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { ColumnBatch } from '../batch/column-batch.js';
import { DucktailError, deserializeError } from '../common/errors.js';
import type { BinlogPosition } from '../model/binlog-position.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { runReader } from './chunk-reader.js';
import type {
  ReaderMessage,
  ReaderRequest,
  ReaderTable,
  ReaderTask,
  RecycleMessage,
} from './reader-protocol.js';
import { WorkerThreads } from './worker-threads.js';

export interface ReaderPoolOptions {
  readonly endpoint: MysqlEndpoint;
  readonly count: number;
  /** Bytes that each reader may have on the way before it pauses. */
  readonly windowBytes: number;
}

/** Readers, each with a connection of its own and, after `beginSnapshot`, a snapshot. */
export class ReaderPool implements AsyncDisposable {
  private closing: Promise<void> | null = null;

  private constructor(
    private readonly threads: WorkerThreads | null,
    readonly readers: readonly Reader[],
  ) {}

  /** Each reader in a thread. Resolves when every one is connected. */
  static async open(options: ReaderPoolOptions): Promise<ReaderPool> {
    const threads = await WorkerThreads.open('reader', options.count);
    const run: RunTask = (task) => threads.run(task);
    const readers = Array.from({ length: options.count }, () => new Reader(run, options));
    return new ReaderPool(threads, readers).connected();
  }

  /**
   * One reader in this thread: what a run of few rows reads is decoded long before a thread would
   * have started. Resolves when it is connected.
   */
  static openHere(options: Omit<ReaderPoolOptions, 'count'>): Promise<ReaderPool> {
    return new ReaderPool(null, [new Reader(runReader, options)]).connected();
  }

  private async connected(): Promise<this> {
    try {
      await Promise.all(this.readers.map((reader) => reader.connected));
      return this;
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Ends every reader, whatever it is doing; safe to call more than once. */
  [Symbol.asyncDispose](): Promise<void> {
    this.closing ??= this.close();
    return this.closing;
  }

  private async close(): Promise<void> {
    await Promise.all(this.readers.map((reader) => reader.close()));
    await this.threads?.destroy();
  }
}

type RunTask = (task: ReaderTask) => Promise<void>;

interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** This side of a reader. Requests go one at a time; batches come in between. */
export class Reader {
  readonly connected: Promise<void>;
  isAlive = true;
  private readonly port: MessagePort;
  private readonly done: Promise<void>;
  private pending: Pending | null = null;
  private position: BinlogPosition | null = null;
  private onBatch: (batch: ColumnBatch) => void = () => undefined;

  constructor(run: RunTask, options: Omit<ReaderPoolOptions, 'count'>) {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.connected = new Promise((resolve, reject) => {
      this.pending = { resolve, reject };
    });
    this.port.on('message', (message: ReaderMessage) => {
      this.receive(message);
    });
    const task: ReaderTask = {
      endpoint: options.endpoint,
      port: port2,
      windowBytes: options.windowBytes,
    };
    // Behind everything that the thread has sent, above all the reason of its end.
    this.port.on('close', () => {
      this.fail(new DucktailError('worker-lost', 'a reader thread ended unexpectedly'));
    });
    this.done = run(task).catch((error: unknown) => {
      this.fail(new DucktailError('worker-lost', 'a reader thread broke', { cause: error }));
    });
  }

  beginSnapshot(): Promise<void> {
    return this.request({ kind: 'begin-snapshot' });
  }

  /** Where in the binlog its snapshot is, exactly; null where the server does not say. */
  async snapshotPosition(): Promise<BinlogPosition | null> {
    this.position = null;
    await this.request({ kind: 'snapshot-position' });
    return this.position;
  }

  /** Reads a chunk; its batches, whole ones only, go to `onBatch` until the next request. */
  readChunk(table: ReaderTable, sql: string, onBatch: (batch: ColumnBatch) => void): Promise<void> {
    this.onBatch = onBatch;
    return this.request({ kind: 'read-chunk', table, sql });
  }

  /** Has the reader send the rows of its unfinished batch. */
  flush(): Promise<void> {
    return this.request({ kind: 'flush' });
  }

  /** Gives a batch's buffers back, which is also what lets a paused reader go on. */
  recycle(batch: ColumnBatch, bytes: number): void {
    const { fixed, heap } = batch;
    const message: RecycleMessage = { kind: 'recycle', fixed, heap, bytes };
    this.port.postMessage(message, [fixed, heap]);
  }

  /** Ends the reader, whatever it is doing; its thread's end is awaited. */
  async close(): Promise<void> {
    this.fail(new DucktailError('aborted', 'the reader was closed'));
    this.port.postMessage({ kind: 'close' } satisfies ReaderRequest);
    await this.done;
    this.port.close();
  }

  private request(request: ReaderRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.isAlive) {
        reject(new DucktailError('worker-lost', 'the reader is gone'));
        return;
      }
      this.pending = { resolve, reject };
      this.port.postMessage(request);
    });
  }

  private receive(message: ReaderMessage): void {
    switch (message.kind) {
      case 'batch':
        this.onBatch(message.batch);
        break;
      case 'snapshot-position':
        this.position = message.position;
        this.settle()?.resolve();
        break;
      case 'refused':
        this.settle()?.reject(deserializeError(message.error));
        break;
      case 'failed':
        this.fail(deserializeError(message.error));
        break;
      default:
        this.settle()?.resolve();
    }
  }

  private fail(error: Error): void {
    this.isAlive = false;
    this.settle()?.reject(error);
  }

  private settle(): Pending | null {
    const { pending } = this;
    this.pending = null;
    return pending;
  }
}
