import { once } from 'node:events';
import { chmod, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

/** Linux takes 107 bytes, macOS 103. */
const LONGEST_PATH_BYTES = 100;

/** Where the service that has a DuckDB file listens. */
export function controlPath(duckdbPath: string): string {
  return `${duckdbPath}.sock`;
}

/**
 * Listens at the path, for this user alone from the first moment on; what a crash left there is
 * replaced. Whoever calls this holds the file's lock.
 */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  const folder = await mkdtemp(join(dirname(path), '.ducktail-'));
  try {
    const socket = join(folder, 's');
    await withShortPath(socket, async (short) => {
      server.listen(short);
      await once(server, 'listening');
    });
    await chmod(socket, 0o600);
    await rename(socket, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** null where nobody listens there. */
export async function connectTo(path: string): Promise<Socket | null> {
  try {
    return await withShortPath(path, async (short) => {
      const socket = connect(short);
      await once(socket, 'connect');
      return socket;
    });
  } catch {
    return null;
  }
}

/**
 * The address of a socket is short, whatever paths may be: a longer one is reached through a folder
 * that links to the socket's own, and is needed for the moment of binding or connecting only.
 */
async function withShortPath<T>(path: string, use: (short: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= LONGEST_PATH_BYTES) return use(path);
  const folder = await mkdtemp(join(tmpdir(), 'ducktail-'));
  try {
    await symlink(resolve(dirname(path)), join(folder, 'd'));
    const name = join(folder, 'd', basename(path));
    if (Buffer.byteLength(name) <= LONGEST_PATH_BYTES) return await use(name);
    // A socket can't be bound through a link to itself, but be reached.
    await symlink(resolve(path), join(folder, 's'));
    return await use(join(folder, 's'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
