import { openDockerServer } from './docker-server.js';
import { openPrivateServer } from './private-server.js';
import { waitUntilReady } from './ready-connection.js';
import { installedProgram, packagedProgram } from './server-program.js';

export type Flavour = 'mysql' | 'mariadb';

/** A real database server, private to the caller unless it comes from a URL variable. */
export interface TestServer extends AsyncDisposable {
  readonly flavour: Flavour;
  /** Such as `mysql://root@127.0.0.1:40001`: no database, an account with all privileges. */
  readonly url: string;
  readonly version: string;
  /** How it was had: 'url', 'path', 'docker' or 'debian-packages'. */
  readonly origin: string;
  /** All that it keeps; null where that is not in a folder of this machine. */
  readonly dataFolder: string | null;
  /** SIGKILLs the server and resolves when it is gone; throws for origin 'url'. */
  kill(): Promise<void>;
  /** Starts it again with the same port and data; resolves when it answers. */
  start(): Promise<void>;
  /** Shuts it down cleanly; throws for origin 'url'. Its data stays until disposal. */
  stop(): Promise<void>;
}

export interface TestServerOptions {
  /** Appended to the server's command line; without effect for origin 'url'. */
  readonly extraArguments?: readonly string[];
  /** Always a private server, for those who kill it. */
  readonly ignoreUrl?: boolean;
  /** Told what takes long. */
  readonly onProgress?: (line: string) => void;
  /** Where the data folder is made, instead of the system's temporary folder. */
  readonly dataRoot?: string;
}

const URL_VARIABLES: Record<Flavour, string> = {
  mysql: 'DUCKTAIL_TEST_MYSQL_URL',
  mariadb: 'DUCKTAIL_TEST_MARIADB_URL',
};
const URL_TIMEOUT_MS = 10_000;

/**
 * Gives out a server of the flavour: the one a URL variable names, else a new one of a program on
 * this machine, of a Docker engine, or of the distribution's packages. A server started here ends
 * with this process at the latest. Throws an error that tells every way tried if none works.
 */
export async function openTestServer(
  flavour: Flavour,
  options: TestServerOptions = {},
): Promise<TestServer> {
  const given = options.ignoreUrl ? undefined : process.env[URL_VARIABLES[flavour]];
  // A server that was asked for and does not answer is an error, not a reason to take another.
  if (given) return openGivenServer(flavour, given);
  const ways: [string, () => Promise<TestServer>][] = [
    [
      'an installed server',
      async () => openPrivateServer(await installedProgram(flavour), options),
    ],
    ['Docker', () => openDockerServer(flavour, options)],
    [
      'the packages of Debian or Ubuntu',
      async () =>
        openPrivateServer(
          await packagedProgram(flavour, options.onProgress ?? (() => undefined)),
          options,
        ),
    ],
  ];
  const failures: string[] = [];
  for (const [name, open] of ways) {
    try {
      return await open();
    } catch (error) {
      failures.push(`- ${name}: ${(error as Error).message}`);
    }
  }
  throw new Error(
    `No ${flavour} server could be started. Tried:\n${failures.join('\n')}\n` +
      `Install one (apt install ${flavour}-server, or brew install ${flavour}), start Docker, or ` +
      `set ${URL_VARIABLES[flavour]} to the URL of a server with an account of all privileges.`,
  );
}

async function openGivenServer(flavour: Flavour, given: string): Promise<TestServer> {
  const url = given.replace(/\/+$/, '');
  const version = await waitUntilReady(url, URL_TIMEOUT_MS);
  if (/mariadb/i.test(version) !== (flavour === 'mariadb')) {
    throw new Error(`${URL_VARIABLES[flavour]} names a server of another kind: ${version}`);
  }
  const refuse = () =>
    Promise.reject(new Error(`the server of ${URL_VARIABLES[flavour]} is not ours to stop`));
  return {
    flavour,
    url,
    version,
    origin: 'url',
    dataFolder: null,
    kill: refuse,
    stop: refuse,
    start: async () => void (await waitUntilReady(url, URL_TIMEOUT_MS)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
