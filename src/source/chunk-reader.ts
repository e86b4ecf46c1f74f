import type { MessagePort } from 'node:worker_threads';
import { BatchBuilder } from '../batch/batch-builder.js';
import { batchBytes } from '../batch/column-batch.js';
import { hasCode, serializeError, toError } from '../common/errors.js';
import { openSession, type SourceSession } from './connect.js';
import { translateSourceError } from './errors.js';
import type {
  ReaderMessage,
  ReaderRequest,
  ReaderTable,
  ReaderTask,
  RecycleMessage,
} from './reader-protocol.js';
import { readSnapshotPosition } from './positions.js';
import { RowDecoder } from './rows/row-decoder.js';
import { RowStreamCommand } from './rows/row-stream-command.js';

/**
 * A reader: one connection in a consistent snapshot, reading chunk after chunk into batches that it
 * transfers to the thread that owns DuckDB. It runs in a worker thread until it is told to close.
 */
export async function runReader(task: ReaderTask): Promise<void> {
  const { port } = task;
  try {
    await using session = await openSession(task.endpoint);
    await new ChunkReader(task, session).serve();
  } catch (error) {
    post(port, { kind: 'failed', error: serializeError(error) });
  } finally {
    port.close();
  }
}

class ChunkReader {
  private table: ReaderTable | null = null;
  private batch!: BatchBuilder;
  private decoder!: RowDecoder;
  private bytesOnTheWay = 0;
  private paused = false;
  private readonly port: MessagePort;

  constructor(
    private readonly task: ReaderTask,
    private readonly session: SourceSession,
  ) {
    this.port = task.port;
  }

  /** Resolves when the reader was closed; rejects when its connection or its snapshot is gone. */
  serve(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.port.on('message', (message: ReaderRequest | RecycleMessage) => {
        switch (message.kind) {
          case 'recycle':
            this.recycle(message);
            break;
          case 'close':
            // A chunk may be on its way: don't wait for its end.
            this.session.destroy();
            resolve();
            break;
          default:
            this.answer(message).catch(reject);
        }
      });
      this.port.on('close', resolve);
      post(this.port, { kind: 'connected' });
    });
  }

  private async answer(request: Exclude<ReaderRequest, { kind: 'close' }>): Promise<void> {
    switch (request.kind) {
      case 'begin-snapshot':
        await this.session.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
        break;
      case 'snapshot-position': {
        const position = await readSnapshotPosition(this.session);
        post(this.port, { kind: 'snapshot-position', position });
        return;
      }
      case 'read-chunk':
        this.useTable(request.table);
        try {
          await this.readChunk(request.sql);
        } catch (error) {
          if (!isRefusal(error)) throw error;
          this.table = null;
          post(this.port, { kind: 'refused', error: serializeError(error) });
          return;
        }
        break;
      case 'flush':
        this.sendBatch();
        break;
    }
    post(this.port, { kind: request.kind });
  }

  private useTable(table: ReaderTable): void {
    if (this.table?.copyId === table.copyId) return;
    this.table = table;
    this.batch = new BatchBuilder(table.plan.columns, table.capacity);
    this.decoder = new RowDecoder(table.plan, this.batch);
  }

  private async readChunk(sql: string): Promise<void> {
    try {
      const statementId = await prepare(this.session, sql);
      await this.streamRows(statementId);
      // Not the statement's own close(), after which mysql2 would hand it out again for this SQL.
      this.session.protocol.unprepare(sql);
    } catch (error) {
      throw translateSourceError(error, this.task.endpoint);
    }
  }

  private streamRows(statementId: number): Promise<void> {
    const { protocol } = this.session;
    return new Promise((resolve, reject) => {
      const onRow = (bytes: Uint8Array, start: number): void => {
        try {
          this.decoder.decode(bytes, start);
          if (this.batch.isFull) {
            this.sendBatch();
            this.pauseWhenFull();
          }
        } catch (error) {
          // A throw in a packet handler would be taken for a broken connection.
          this.session.destroy();
          reject(toError(error));
        }
      };
      const onEnd = (error: Error | null): void => {
        if (error === null) resolve();
        else reject(error);
      };
      protocol.addCommand(new RowStreamCommand(statementId, onRow, onEnd));
    });
  }

  private sendBatch(): void {
    if (this.table === null || this.batch.rows === 0) return;
    const batch = this.batch.take();
    this.bytesOnTheWay += batchBytes(batch);
    this.port.postMessage({ kind: 'batch', batch } satisfies ReaderMessage, [
      batch.fixed,
      batch.heap,
    ]);
  }

  /** Only between rows: mysql2 never starts a command that is added while it is paused. */
  private pauseWhenFull(): void {
    if (this.bytesOnTheWay < this.task.windowBytes || this.paused) return;
    this.paused = true;
    this.session.protocol.pause();
  }

  /** The only place that resumes: pausing and resuming have one owner. */
  private recycle(message: RecycleMessage): void {
    this.bytesOnTheWay -= message.bytes;
    this.batch.recycle(message.fixed, message.heap);
    if (this.paused && this.bytesOnTheWay < this.task.windowBytes) {
      this.paused = false;
      this.session.protocol.resume();
    }
  }
}

/** The server said no to the statement; the connection and its snapshot still stand. */
function isRefusal(error: unknown): boolean {
  return hasCode(error, 'table-changed') || hasCode(error, 'table-failed');
}

/** The server's number of the prepared statement. */
function prepare(session: SourceSession, sql: string): Promise<number> {
  return new Promise((resolve, reject) => {
    session.protocol.prepare(sql, (error, statement) => {
      if (error) reject(error);
      else resolve((statement as unknown as { id: number }).id);
    });
  });
}

function post(port: MessagePort, message: ReaderMessage): void {
  port.postMessage(message);
}
