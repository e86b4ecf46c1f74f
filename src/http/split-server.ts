import { createServer, type RequestListener, type Server as HttpServer } from 'node:http';
import {
  createSecureServer,
  createServer as createHttp2Server,
  type Http2SecureServer,
  type Http2Server,
} from 'node:http2';
import { createServer as createNetServer, type Server, type Socket } from 'node:net';

/** How a client begins that speaks HTTP/2 without having asked; RFC 9113, 3.4. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n');

/** For the first bytes of a connection, and for the headers of a request. */
const FIRST_BYTES_MS = 10_000;
const HEADERS_MS = 20_000;
const MAX_CONNECTIONS = 1024;
const MAX_STREAMS = 128;
const MAX_HEADER_BYTES = 32 * 1024;
/** What an HTTP/2 client may send of a body before it is read. */
const WINDOW_BYTES = 1024 * 1024;

export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
}

interface ConnectionTimes {
  /** For a connection on which nothing moves. */
  readonly idleMs: number;
  /** For the headers of a request of HTTP/1.1. */
  readonly headersMs: number;
}

export interface SplitServer {
  readonly server: Server;
  /** Closes every connection, whatever happens on it. */
  closeConnections(): void;
}

/**
 * One port for HTTP/1.1 and HTTP/2. With TLS the two agree by ALPN, else the first bytes tell. A
 * connection on which nothing moves for `idleMs` is closed.
 */
export function createSplitServer(
  listener: RequestListener,
  tls: TlsFiles | null,
  idleMs: number,
  headersMs = HEADERS_MS,
): SplitServer {
  const times = { idleMs, headersMs };
  const server =
    tls === null ? cleartextServer(listener, times) : secureServer(listener, tls, times);
  server.maxConnections = MAX_CONNECTIONS;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    server,
    closeConnections() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function secureServer(
  listener: RequestListener,
  { cert, key }: TlsFiles,
  { idleMs, headersMs }: ConnectionTimes,
): Server {
  const server = createSecureServer(
    {
      cert,
      key,
      allowHTTP1: true,
      handshakeTimeout: FIRST_BYTES_MS,
      ...http2Options(),
    },
    listener as unknown as Parameters<typeof createSecureServer>[1],
  );
  // Of HTTP/1.1. By default a request has five minutes, and a stream that is appended takes longer.
  Object.assign(server, {
    requestTimeout: 0,
    headersTimeout: headersMs,
    connectionsCheckingInterval: headersMs / 4,
    timeout: idleMs,
  });
  limitSessions(server, idleMs);
  return server;
}

function cleartextServer(
  listener: RequestListener,
  { idleMs, headersMs }: ConnectionTimes,
): Server {
  const http1 = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headersMs,
      requestTimeout: 0,
      connectionsCheckingInterval: headersMs / 4,
    },
    listener,
  );
  // From then on it looks for headers that take too long; it never listens itself.
  http1.emit('listening');
  http1.timeout = idleMs;
  http1.keepAliveTimeout = idleMs;
  const http2 = createHttp2Server(
    http2Options(),
    listener as unknown as Parameters<typeof createHttp2Server>[1],
  );
  limitSessions(http2, idleMs);
  const server = createNetServer({ noDelay: true }, (socket) => {
    lookAtFirstBytes(socket, http1, http2);
  });
  server.on('close', () => {
    http1.close();
    http1.closeAllConnections();
  });
  return server;
}

function http2Options() {
  return {
    maxHeaderListPairs: 128,
    settings: {
      maxConcurrentStreams: MAX_STREAMS,
      initialWindowSize: WINDOW_BYTES,
      maxHeaderListSize: MAX_HEADER_BYTES,
    },
  };
}

function limitSessions(server: Http2Server | Http2SecureServer, idleMs: number): void {
  server.on('session', (session) => {
    // Its window is for all streams together.
    session.setLocalWindowSize(4 * WINDOW_BYTES);
    session.setTimeout(idleMs, () => {
      session.destroy();
    });
    // What a client breaks shows in the end of its session.
    session.on('error', () => undefined);
  });
}

/** Hands the connection to the server whose protocol it speaks. */
function lookAtFirstBytes(socket: Socket, http1: HttpServer, http2: Http2Server): void {
  let seen = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), FIRST_BYTES_MS);
  const ignore = (): void => undefined;
  const leave = (): void => {
    clearTimeout(timer);
    socket.off('readable', look);
    socket.off('error', ignore);
    socket.off('close', leave);
  };
  const look = (): void => {
    const more = socket.read() as Buffer | null;
    if (more === null) return;
    seen = Buffer.concat([seen, more]);
    const length = Math.min(seen.length, PREFACE.length);
    const mayBeHttp2 = seen.subarray(0, length).equals(PREFACE.subarray(0, length));
    if (mayBeHttp2 && length < PREFACE.length) return;
    leave();
    socket.unshift(seen);
    (mayBeHttp2 ? http2 : http1).emit('connection', socket);
  };
  socket.on('error', ignore);
  socket.on('close', leave);
  socket.on('readable', look);
}
