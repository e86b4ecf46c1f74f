import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { waitUntilReady } from './ready-connection.js';

const READY_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 60_000;
const LOG_TAIL_LENGTH = 3000;

/** One run of a server program. */
export interface ServerProcess {
  readonly pid: number;
  readonly version: string;
  /** Settles when the process has ended. */
  readonly ended: Promise<void>;
  hasEnded(): boolean;
  /** Sends the signal; does nothing once the process has ended. */
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
}

export interface ProcessOptions {
  readonly command: readonly string[];
  readonly url: string;
  readonly logFile: string;
  /** Called at once with the process id, and with undefined when the process has ended. */
  readonly onProcess: (pid: number | undefined) => void;
}

/**
 * Starts a server and resolves when it answers. If it ends before, the error tells the end of its
 * log. The process is killed when this one exits and does not keep this one alive.
 */
export async function startServerProcess(options: ProcessOptions): Promise<ServerProcess> {
  const [file = '', ...rest] = options.command;
  const log = openSync(options.logFile, 'a');
  // Detached, so that Ctrl-C in a terminal reaches only this process, which then stops the server.
  const child = spawn(file, rest, { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  child.unref();
  const ended = endOf(child, options.onProcess);
  const signal = (name: 'SIGTERM' | 'SIGKILL') => {
    // Whoever sends a signal waits for the end, so from here on it has to keep this process alive.
    child.ref();
    child.kill(name);
  };
  const hasEnded = () =>
    child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  try {
    const version = await waitUntilReady(options.url, READY_TIMEOUT_MS, () => {
      if (hasEnded()) throw new Error(`it ended (${child.exitCode ?? child.signalCode})`);
    });
    if (child.pid === undefined) throw new Error('another server answers at its port');
    return { pid: child.pid, version, ended, hasEnded, signal };
  } catch (error) {
    signal('SIGKILL');
    await ended;
    const tail = (await readFile(options.logFile, 'utf8')).trim().slice(-LOG_TAIL_LENGTH);
    throw new Error(`the server did not start: ${(error as Error).message}\n${tail}`, {
      cause: error,
    });
  }
}

/** Asks the server to shut down, and kills it if it does not within a minute. */
export async function stopServerProcess(server: ServerProcess): Promise<void> {
  server.signal('SIGTERM');
  const late = setTimeout(() => server.signal('SIGKILL'), STOP_TIMEOUT_MS);
  await server.ended;
  clearTimeout(late);
}

export async function killServerProcess(server: ServerProcess): Promise<void> {
  server.signal('SIGKILL');
  await server.ended;
}

async function endOf(
  child: ChildProcess,
  onProcess: (pid: number | undefined) => void,
): Promise<void> {
  const killAtExit = () => void child.kill('SIGKILL');
  process.once('exit', killAtExit);
  if (child.pid !== undefined) onProcess(child.pid);
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  process.off('exit', killAtExit);
  onProcess(undefined);
}
