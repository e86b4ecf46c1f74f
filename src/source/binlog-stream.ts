import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { ColumnBatch } from '../batch/column-batch.js';
import { DucktailError, deserializeError, toError } from '../common/errors.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { BinlogMessage, BinlogRequest, BinlogTask, StreamedTable } from './binlog-protocol.js';
import { WorkerThreads } from './worker-threads.js';

/** What the binlog thread tells of changes: `connected` and `failed` show otherwise. */
export type StreamMessage = Exclude<BinlogMessage, { kind: 'connected' | 'failed' }>;

/**
 * The applying thread's side of the binlog thread. Its messages are iterated once; an error of the
 * thread comes out of the iteration, behind everything that was told before it.
 */
export class BinlogStream implements AsyncIterableIterator<StreamMessage>, AsyncDisposable {
  private readonly port: MessagePort;
  private readonly done: Promise<void>;
  private readonly messages: StreamMessage[] = [];
  private end: Error | null = null;
  private wake: () => void = () => undefined;
  private isConnected = false;
  private closing: Promise<void> | null = null;

  private constructor(
    private readonly threads: WorkerThreads,
    task: Omit<BinlogTask, 'port'>,
    private readonly signal: AbortSignal,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.port.on('message', (message: BinlogMessage) => {
      this.receive(message);
    });
    // Behind everything that the thread has sent, above all the reason of its end.
    this.port.on('close', () => {
      this.fail(new DucktailError('worker-lost', 'the binlog thread ended unexpectedly'));
    });
    signal.addEventListener('abort', this.abort);
    this.done = this.threads.run({ ...task, port: port2 }).catch((error: unknown) => {
      this.fail(new DucktailError('worker-lost', 'the binlog thread broke', { cause: error }));
    });
  }

  /** Resolves when the source has accepted the position; rejects with the reason why it did not. */
  static async open(task: Omit<BinlogTask, 'port'>, signal: AbortSignal): Promise<BinlogStream> {
    signal.throwIfAborted();
    const threads = await WorkerThreads.open('binlog', 1);
    const stream = new BinlogStream(threads, task, signal);
    try {
      while (!stream.isConnected) await stream.change();
      return stream;
    } catch (error) {
      await stream[Symbol.asyncDispose]();
      throw error;
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next message; throws at the stream's end, as it has none but an error or the abort. */
  async next(): Promise<IteratorResult<StreamMessage, never>> {
    // A stop does not wait for what was told and not taken yet.
    while (this.messages.length === 0 || this.signal.aborted) await this.change();
    return { done: false, value: this.messages.shift()! };
  }

  /** A `commit` or `portion` is applied: another may come. */
  applied(): void {
    this.post({ kind: 'applied' });
  }

  /** The answer to `schema-event`, `mismatch` and `held`: go on with these tables. */
  resume(tables: readonly StreamedTable[]): void {
    this.post({ kind: 'resume', tables });
  }

  /** Asks for a stop between two transactions, the next or the first beyond `at`; `held` tells it. */
  hold(at: Checkpoint | null): void {
    this.post({ kind: 'hold', at });
  }

  /** The answer to `xa-commit`. */
  replay(events: readonly Uint8Array[]): void {
    this.post({ kind: 'replay', events });
  }

  /** Gives a batch's buffers back, to be filled again. */
  recycle({ fixed, heap }: ColumnBatch): void {
    this.post({ kind: 'recycle', fixed, heap }, [fixed, heap]);
  }

  /** Ends the thread and its session, whatever they are doing; safe to call more than once. */
  [Symbol.asyncDispose](): Promise<void> {
    this.closing ??= this.close();
    return this.closing;
  }

  private async close(): Promise<void> {
    this.signal.removeEventListener('abort', this.abort);
    this.fail(new DucktailError('aborted', 'the binlog stream was closed'));
    this.post({ kind: 'close' });
    await this.done;
    this.port.close();
    await this.threads.destroy();
  }

  private post(request: BinlogRequest, transfer: readonly ArrayBuffer[] = []): void {
    this.port.postMessage(request, transfer);
  }

  private receive(message: BinlogMessage): void {
    switch (message.kind) {
      case 'connected':
        this.isConnected = true;
        this.wake();
        break;
      case 'failed':
        this.fail(deserializeError(message.error));
        break;
      default:
        this.messages.push(message);
        this.wake();
    }
  }

  private readonly abort = (): void => {
    this.fail(toError(this.signal.reason));
  };

  private fail(error: Error): void {
    this.end ??= error;
    this.wake();
  }

  /** Resolves when something came; throws at the end. */
  private async change(): Promise<void> {
    if (this.end === null) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    if (this.end !== null && (this.messages.length === 0 || this.signal.aborted)) throw this.end;
  }
}
