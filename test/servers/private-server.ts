import { constants, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { dataTemplate } from './data-template.js';
import { freePort } from './ready-connection.js';
import { accountArguments, commonArguments, formatArguments } from './server-arguments.js';
import {
  killServerProcess,
  startServerProcess,
  stopServerProcess,
  type ServerProcess,
} from './server-process.js';
import type { ServerProgram } from './server-program.js';
import type { TestServer, TestServerOptions } from './test-server.js';
import { watchProcess, type Watchdog } from './watchdog.js';

/** Longer paths do not fit into the address of a Unix socket (104 bytes on macOS). */
const SOCKET_PATH_LIMIT = 100;
const START_ATTEMPTS = 3;

/** Starts a server of a program on this machine in a data folder of its own. */
export async function openPrivateServer(
  program: ServerProgram,
  options: TestServerOptions,
): Promise<TestServer> {
  const extra = options.extraArguments ?? [];
  const template = await dataTemplate(
    program,
    formatArguments(extra),
    options.onProgress ?? (() => undefined),
  );
  const parent = options.dataRoot ?? os.tmpdir();
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(path.join(path.resolve(parent), `ducktail-${program.flavour}-`));
  const server = new PrivateServer(program, folder, extra);
  try {
    await cp(template, server.dataFolder, {
      recursive: true,
      mode: constants.COPYFILE_FICLONE,
    });
    await server.startAtFreePort();
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

class PrivateServer implements TestServer {
  readonly flavour;
  readonly origin;
  readonly dataFolder: string;
  readonly #program: ServerProgram;
  readonly #folder: string;
  readonly #socket: string;
  readonly #common: readonly string[];
  readonly #extra: readonly string[];
  readonly #watchdog: Watchdog;
  #port = 0;
  #running: ServerProcess | undefined;
  #version = '';
  #disposed = false;

  constructor(program: ServerProgram, folder: string, extra: readonly string[]) {
    this.flavour = program.flavour;
    this.origin = program.origin;
    this.#program = program;
    this.#folder = folder;
    this.dataFolder = path.join(folder, 'data');
    this.#extra = extra;
    // Kept for all starts, since they hold the server's id.
    this.#common = commonArguments(program.flavour);
    const socket = path.join(folder, 's');
    this.#socket =
      socket.length <= SOCKET_PATH_LIMIT ? socket : `/tmp/${path.basename(folder)}.sock`;
    this.#watchdog = watchProcess([folder, this.#socket, `${this.#socket}.lock`]);
  }

  get url(): string {
    return `mysql://root@127.0.0.1:${this.#port}`;
  }

  get version(): string {
    return this.#version;
  }

  /** Another process may take the port between its choice and its use. */
  async startAtFreePort(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      this.#port = await freePort();
      try {
        await this.start();
        return;
      } catch (error) {
        const portTaken = /address already in use/i.test((error as Error).message);
        if (!portTaken || attempt >= START_ATTEMPTS) throw error;
      }
    }
  }

  async start(): Promise<void> {
    if (this.#disposed) throw new Error('the server is disposed of');
    if (this.#running && !this.#running.hasEnded()) return;
    this.#running = await startServerProcess({
      command: [
        ...this.#program.command,
        '--no-defaults',
        ...this.#program.fileArguments,
        ...accountArguments(),
        `--datadir=${this.dataFolder}`,
        // In a folder that servers share, one that starts removes another one's files.
        `--tmpdir=${this.#folder}`,
        `--socket=${this.#socket}`,
        `--pid-file=${path.join(this.#folder, 'pid')}`,
        `--port=${this.#port}`,
        '--bind-address=127.0.0.1',
        ...this.#common,
        ...this.#extra,
      ],
      url: this.url,
      logFile: path.join(this.#folder, 'log'),
      onProcess: (pid) => this.#watchdog.guard(pid),
    });
    this.#version = this.#running.version;
  }

  async kill(): Promise<void> {
    if (this.#running) await killServerProcess(this.#running);
    this.#running = undefined;
  }

  async stop(): Promise<void> {
    if (this.#running) await stopServerProcess(this.#running);
    this.#running = undefined;
  }

  /** Kills, as nobody will read the data again. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.kill();
    for (const file of [this.#folder, this.#socket, `${this.#socket}.lock`]) {
      await rm(file, { recursive: true, force: true });
    }
    this.#watchdog.release();
  }
}
