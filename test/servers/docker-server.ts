import { freePort, waitUntilReady } from './ready-connection.js';
import { runCommand } from './run-command.js';
import { commonArguments } from './server-arguments.js';
import type { Flavour, TestServer, TestServerOptions } from './test-server.js';
import { watchContainer } from './watchdog.js';

const ENGINE_TIMEOUT_MS = 5_000;
const READY_TIMEOUT_MS = 180_000;
const IMAGES: Record<Flavour, string> = { mysql: 'mysql:8.4', mariadb: 'mariadb:10.11' };

/** Starts a server in a container; throws if no Docker engine answers. */
export async function openDockerServer(
  flavour: Flavour,
  options: TestServerOptions,
): Promise<TestServer> {
  await runCommand(['docker', 'info', '--format', '{{.ServerVersion}}'], {
    timeoutMs: ENGINE_TIMEOUT_MS,
  });
  const image = IMAGES[flavour];
  options.onProgress?.(`starting ${image} in Docker (the first time it is fetched)`);
  const port = await freePort();
  const url = `mysql://root@127.0.0.1:${port}`;
  // Not --rm: the data must outlast kill().
  const created = await runCommand([
    ...['docker', 'create', '-p', `127.0.0.1:${port}:3306`],
    ...['-e', 'MYSQL_ALLOW_EMPTY_PASSWORD=1', '-e', 'MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1'],
    image,
    ...commonArguments(flavour),
    ...(options.extraArguments ?? []),
  ]);
  const id = created.trim();
  const watchdog = watchContainer(id);
  let disposed = false;
  const dispose = async () => {
    if (disposed) return;
    disposed = true;
    await runCommand(['docker', 'rm', '-f', '-v', id]);
    watchdog.release();
  };
  const start = async () => {
    await runCommand(['docker', 'start', id]);
    return waitUntilReady(url, READY_TIMEOUT_MS);
  };
  try {
    return {
      flavour,
      origin: 'docker',
      dataFolder: null,
      url,
      version: await start(),
      kill: () => killContainer(id),
      stop: async () => void (await runCommand(['docker', 'stop', '-t', '60', id])),
      start: async () => void (await start()),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    const log = await runCommand(['docker', 'logs', '--tail', '30', id]).catch(() => '');
    await dispose();
    throw new Error(`${image} did not start: ${(error as Error).message}\n${log}`, {
      cause: error,
    });
  }
}

/** Killing a container that does not run is no error, as with a process. */
async function killContainer(id: string): Promise<void> {
  await runCommand(['docker', 'kill', id]).catch((error: unknown) => {
    if (!/is not running/.test((error as Error).message)) throw error;
  });
  await runCommand(['docker', 'wait', id]);
}
