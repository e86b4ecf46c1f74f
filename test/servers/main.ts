import { openTestServer, type Flavour } from './test-server.js';

/**
 * `node dist/test/servers/main.js mysql [--server-option=…]` starts a server, prints its URL as one
 * line to stdout and stops it on SIGINT or SIGTERM.
 */
async function main(): Promise<void> {
  const [flavour, ...extraArguments] = process.argv.slice(2);
  if (!isFlavour(flavour)) throw new Error('usage: main.js mysql|mariadb [server options]');
  await using server = await openTestServer(flavour, {
    extraArguments,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  });
  process.stderr.write(`${server.flavour} ${server.version} (${server.origin})\n`);
  process.stdout.write(`${server.url}\n`);
  await stopSignal();
}

function isFlavour(value: string | undefined): value is Flavour {
  return value === 'mysql' || value === 'mariadb';
}

async function stopSignal(): Promise<void> {
  // The servers do not keep this process alive, so the wait has to.
  const alive = setInterval(() => undefined, 2 ** 30);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  clearInterval(alive);
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
});
