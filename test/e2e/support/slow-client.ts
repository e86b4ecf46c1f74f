import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Bytes after which the connection is left alone for a while. */
const PORTION_BYTES = 64 * 1024;
const PAUSE_MS = 100;
/** Of what came last, enough for an error. */
const TAIL_CHARACTERS = 64 * 1024;

/** A client of a service whose query goes on for as long as the service lets it. */
export class SlowClient implements AsyncDisposable {
  private taken = 0;
  private tail = '';

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('data', (text: string) => {
      this.take(text);
    });
  }

  /** Resolves when the first rows have come. */
  static async query(duckdbPath: string, sql: string): Promise<SlowClient> {
    const socket = connect(`${duckdbPath}.sock`);
    await once(socket, 'connect');
    const client = new SlowClient(socket);
    socket.write(`${JSON.stringify({ call: 'query', sql })}\n`);
    await once(socket, 'data');
    return client;
  }

  /** What the service has ended the query with. */
  get error(): string | null {
    const at = this.tail.lastIndexOf('{"error":');
    return at === -1 ? null : this.tail.slice(at);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.closed) return;
    const closed = once(this.socket, 'close');
    this.socket.destroy();
    await closed;
  }

  private take(text: string): void {
    this.tail = (this.tail + text).slice(-TAIL_CHARACTERS);
    this.taken += text.length;
    if (this.taken < PORTION_BYTES) return;
    this.taken = 0;
    this.socket.pause();
    setTimeout(() => this.socket.resume(), PAUSE_MS);
  }
}
