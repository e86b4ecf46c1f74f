import type { Socket } from 'node:net';
import { DucktailError, deserializeError } from '../common/errors.js';
import type { RowQuery } from '../state/tables.js';
import type { QueryResult } from '../target/read-only.js';
import type {
  CallName,
  ControlMessage,
  ControlReplies,
  QueryEvent,
  RequestOf,
} from './control-protocol.js';
import { connectTo, controlPath } from './control-socket.js';

/** A service that runs, as other commands reach it. */
export class ControlClient implements Disposable {
  private constructor(
    private readonly path: string,
    private idle: Socket | null,
  ) {}

  /** The service that has the DuckDB file; null where none answers. */
  static async find(duckdbPath: string): Promise<ControlClient | null> {
    const path = controlPath(duckdbPath);
    const socket = await connectTo(path);
    return socket === null ? null : new ControlClient(path, socket);
  }

  /** Rejects with what the service's part failed with. An abort takes the request back. */
  async call<Name extends CallName>(
    request: RequestOf<Name>,
    onEvent: (event: ControlReplies[Name]['event']) => void,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<ControlReplies[Name]['result']> {
    signal.throwIfAborted();
    const socket = this.idle ?? (await connectTo(this.path));
    this.idle = null;
    if (socket === null) throw lost();
    const leave = (): void => void socket.destroy();
    signal.addEventListener('abort', leave, { once: true });
    try {
      socket.write(`${JSON.stringify(request)}\n`);
      for await (const line of lines(socket)) {
        const message = JSON.parse(line) as ControlMessage<Name>;
        if ('error' in message) throw deserializeError(message.error);
        if ('result' in message) return message.result;
        onEvent(message.event);
      }
      throw lost();
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', leave);
      socket.destroy();
    }
  }

  async query(sql: string, signal?: AbortSignal): Promise<QueryResult> {
    let columns: QueryResult['columns'] = [];
    const rows: (readonly unknown[])[] = [];
    const take = (event: QueryEvent): void => {
      if ('columns' in event) columns = event.columns;
      else for (const row of event.rows) rows.push(row);
    };
    await this.call<'query'>({ call: 'query', sql }, take, signal);
    return { columns, rows };
  }

  /** For reading the replica's state through the service. */
  get rows(): RowQuery {
    return async (sql) => {
      const { columns, rows } = await this.query(sql);
      return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i]])));
    };
  }

  [Symbol.dispose](): void {
    this.idle?.destroy();
    this.idle = null;
  }
}

function lost(): DucktailError {
  return new DucktailError('service-lost', 'the service went away before it had answered', {
    hint: 'Look at its log; what was committed stands.',
  });
}

async function* lines(socket: Socket): AsyncGenerator<string> {
  let rest = '';
  socket.setEncoding('utf8');
  try {
    for await (const chunk of socket as AsyncIterable<string>) {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      yield* parts;
    }
  } catch (error) {
    // A connection that breaks is one that ends.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}
