import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import * as v from 'valibot';
import { DucktailError, serializeError, toError } from '../common/errors.js';
import {
  type CallName,
  type ControlMessage,
  type ControlReplies,
  type ControlRequest,
  type RequestOf,
  requestSchema,
} from './control-protocol.js';
import { listenPrivately } from './control-socket.js';

/** Of a request: its SQL is the longest part. */
const LONGEST_REQUEST = 16 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
/** A client that takes nothing for so long is given up: its query holds a transaction open. */
const STALL_TIMEOUT_MS = 60_000;

/** The service's side of a call that a client waits for. */
export interface ControlCall<Event> {
  /** Aborted when the client goes away or the service stops. */
  readonly signal: AbortSignal;
  /** True while the client does not take what was sent. */
  readonly isBehind: boolean;
  /** Resolves when there is room for more. */
  send(event: Event): Promise<void>;
}

export type ControlHandlers = {
  readonly [Name in CallName]: (
    request: RequestOf<Name>,
    call: ControlCall<ControlReplies[Name]['event']>,
  ) => Promise<ControlReplies[Name]['result']>;
};

export interface ControlServerOptions {
  readonly path: string;
  readonly handlers: ControlHandlers;
  /** Told of what is not the client's fault. */
  readonly onDefect: (error: Error) => void;
}

/** Answers clients on the control socket. */
export class ControlServer implements AsyncDisposable {
  private readonly conversations = new Set<Conversation>();
  private readonly server: Server;

  private constructor(private readonly options: ControlServerOptions) {
    this.server = createServer((socket) => void this.converse(socket));
  }

  static async open(options: ControlServerOptions): Promise<ControlServer> {
    const control = new ControlServer(options);
    await listenPrivately(control.server, options.path);
    return control;
  }

  /** Ends every call and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.options.path, { force: true });
    this.server.close();
    const stop = new DucktailError('aborted', 'the service is stopping');
    await Promise.all([...this.conversations].map((conversation) => conversation.end(stop)));
  }

  private async converse(socket: Socket): Promise<void> {
    const conversation = new Conversation(socket, this.options);
    this.conversations.add(conversation);
    await conversation.done;
    this.conversations.delete(conversation);
  }
}

/** One client's connection: a request, its events, its result. Never rejects. */
class Conversation {
  readonly done: Promise<void>;
  private readonly controller = new AbortController();

  constructor(
    private readonly socket: Socket,
    private readonly options: ControlServerOptions,
  ) {
    // What a client breaks shows in the end of the connection.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.takeBack();
    });
    this.done = this.answer();
  }

  async end(reason: DucktailError): Promise<void> {
    this.controller.abort(reason);
    await this.done;
  }

  private async answer(): Promise<void> {
    const { signal } = this.controller;
    try {
      const request = parseRequest(await readLine(this.socket, signal));
      // Else its end would not be noticed.
      this.socket.resume();
      await this.write({ result: await this.handle(request) });
    } catch (error) {
      const isOurs = !(error instanceof DucktailError);
      if (isOurs && !signal.aborted) this.options.onDefect(toError(error));
      await this.write({ error: serializeError(error) });
    }
    // Destroyed even where the client doesn't take the end: nobody waits for it.
    this.socket.end(() => this.socket.destroy());
  }

  private handle<Name extends CallName>(
    request: RequestOf<Name>,
  ): Promise<ControlReplies[Name]['result']> {
    const { socket } = this;
    const handler = this.options.handlers[request.call];
    return handler(request, {
      signal: this.controller.signal,
      get isBehind() {
        return socket.writableNeedDrain;
      },
      send: (event) => this.write({ event }),
    });
  }

  private takeBack(): void {
    this.controller.abort(new DucktailError('aborted', 'the client went away'));
  }

  private async write(message: ControlMessage<CallName>): Promise<void> {
    const { socket } = this;
    // The event comes later, and a sender that need not wait would not let it come.
    if (socket.destroyed) this.takeBack();
    else if (socket.write(`${JSON.stringify(message)}\n`)) return;
    const { signal } = this.controller;
    if (signal.aborted) return;
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(STALL_TIMEOUT_MS)]);
    await once(socket, 'drain', { signal: inTime }).catch(() => {
      // A stop's reason is still to be told.
      if (!signal.aborted) socket.destroy();
      this.takeBack();
    });
  }
}

function parseRequest(line: string): ControlRequest {
  try {
    return v.parse(requestSchema, JSON.parse(line));
  } catch (error) {
    throw new DucktailError('configuration', 'the service does not understand the request', {
      hint: 'Use the same version of Ducktail for the service and for other commands.',
      cause: error,
    });
  }
}

/** The first line that comes; a client that sends none in time gets an error. */
async function readLine(socket: Socket, signal: AbortSignal): Promise<string> {
  socket.setEncoding('utf8');
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
  let text = '';
  while (!text.includes('\n') && text.length <= LONGEST_REQUEST) {
    const [more] = (await once(socket, 'data', { signal: inTime }).catch((error: unknown) => {
      throw new DucktailError('aborted', 'no request came', { cause: error });
    })) as [string];
    text += more;
  }
  socket.pause();
  return text.slice(0, text.indexOf('\n'));
}
