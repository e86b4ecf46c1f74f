import type { DuckDBConnection } from '@duckdb/node-api';
import { DucktailError } from '../common/errors.js';
import { OpenReader } from './open-reader.js';
import { ReaderGate } from './reader-gate.js';
import { ReadingConnection } from './reading-connection.js';

/** Connections that wait for their next reader. */
const IDLE_READERS = 8;

export interface InstanceConnections {
  readonly connect: () => Promise<DuckDBConnection>;
  /** False where it was closed with the rest. */
  readonly close: (connection: DuckDBConnection) => boolean;
}

export interface BorrowedReader {
  readonly opened: OpenReader;
  readonly reading: ReadingConnection;
  /** After its transaction; a reader that failed is closed instead. */
  readonly giveBack: () => void;
}

/** Connections for reading beside the writer. */
export class ReaderConnections {
  /** Closed while there is no instance. */
  readonly gate = new ReaderGate();
  private readonly readers = new Set<OpenReader>();
  /** Of readers that have ended, in no transaction. */
  private readonly idle: ReadingConnection[] = [];
  private connected = 0;

  constructor(private readonly instance: InstanceConnections) {}

  /** For work of our own, which nobody ends. */
  async connect(): Promise<{ connection: DuckDBConnection; close: () => void }> {
    const leave = await this.enter();
    const connection = await leaveIfFailed(leave, this.instance.connect());
    return { connection, close: () => this.close(connection, leave) };
  }

  /** For a reader, until it is closed. */
  async open(): Promise<OpenReader> {
    const { connection, close } = await this.connect();
    return this.add(connection, close);
  }

  /**
   * The same for one that leaves nothing on its connection but what is prepared, and was in no
   * transaction for as long as it waited: opening one takes as long as a small query.
   */
  async borrow(): Promise<BorrowedReader> {
    const leave = await this.enter();
    const reading =
      this.idle.pop() ?? new ReadingConnection(await leaveIfFailed(leave, this.instance.connect()));
    const { connection } = reading;
    const opened = this.add(connection, () => this.close(connection, leave));
    const giveBack = (): void => {
      if (this.idle.length >= IDLE_READERS) opened.close();
      else if (this.readers.delete(opened)) {
        this.idle.push(reading);
        leave();
      }
    };
    return { opened, reading, giveBack };
  }

  /**
   * Ends all of them, for good; false where one goes on after `patienceMs`. DuckDB does not bear that
   * a connection is closed while a statement runs on it, be it the ROLLBACK behind an answer.
   */
  async end(patienceMs: number, path: string): Promise<boolean> {
    const reason = new DucktailError('aborted', `${path} is being closed`);
    for (const reader of this.readers) reader.end(reason);
    return this.gate.close(patienceMs, `${path} is still being read`).then(
      () => true,
      () => false,
    );
  }

  /** The connections of an instance that ends are closed with it. */
  forgetIdle(): void {
    this.idle.length = 0;
  }

  /** Whether anybody has a connection, readers or work of our own. */
  get isAnyConnected(): boolean {
    return this.connected > 0;
  }

  get all(): Iterable<OpenReader> {
    return this.readers;
  }

  /** For how long the oldest has been connected; 0: there is none. */
  get oldestSeconds(): number {
    const [oldest] = this.readers;
    return oldest === undefined ? 0 : (performance.now() - oldest.sinceMs) / 1000;
  }

  private async enter(): Promise<() => void> {
    const leave = await this.gate.enter();
    this.connected++;
    return () => {
      this.connected--;
      leave();
    };
  }

  private add(connection: DuckDBConnection, close: () => void): OpenReader {
    const reader = new OpenReader(connection, () => {
      this.readers.delete(reader);
      close();
    });
    this.readers.add(reader);
    return reader;
  }

  /** Whoever is late finds it closed with the rest. */
  private close(connection: DuckDBConnection, leave: () => void): void {
    if (this.instance.close(connection)) leave();
  }
}

async function leaveIfFailed<T>(leave: () => void, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    leave();
    throw error;
  }
}
