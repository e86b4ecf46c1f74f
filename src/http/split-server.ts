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
): SplitServer {
  const server =
    tls === null ? cleartextServer(listener, idleMs) : secureServer(listener, tls, idleMs);
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

function secureServer(listener: RequestListener, { cert, key }: TlsFiles, idleMs: number): Server {
  const server = createSecureServer(
    { cert, key, allowHTTP1: true, handshakeTimeout: FIRST_BYTES_MS, ...http2Options() },
    listener as unknown as Parameters<typeof createSecureServer>[1],
  );
  // Of HTTP/1.1, by default five minutes: a stream that is appended may take longer.
  Object.assign(server, { requestTimeout: 0, headersTimeout: HEADERS_MS, timeout: idleMs });
  limitSessions(server, idleMs);
  return server;
}

function cleartextServer(listener: RequestListener, idleMs: number): Server {
  const http1 = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_MS, requestTimeout: 0 },
    listener,
  );
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
  // It never listens itself, and would look after its connections for ever.
  server.on('close', () => http1.closeAllConnections());
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
