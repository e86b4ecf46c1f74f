import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openTestServer, type Flavour, type TestServer } from './servers/test-server.js';

/**
 * `npm test [name …]`: starts one MySQL and one MariaDB for all tests to share, runs every test
 * file whose path holds one of the names, stops the servers and ends with the runner's exit code.
 * Without names all run but the `*.long.test.ts`, which take minutes or repeat on the other server
 * what the others have shown; with `--long` those alone. The `*.alone.long.test.ts` take the whole
 * machine and say how long things took: they run one by one, behind the others.
 */

const COMPILED_TESTS = fileURLToPath(new URL('.', import.meta.url));
const SOURCE_TESTS = fileURLToPath(new URL('../../test/', import.meta.url));

/** Test files at a time: machines have two cores, and some tests wait for most of their time. */
const CONCURRENCY = 3;
const LONG = '--long';
/** For one test; each has shorter limits of its own for what it waits for. */
const TEST_TIMEOUT_MS = 240_000;

async function main(names: readonly string[]): Promise<number> {
  const long = names.includes(LONG);
  const substrings = names.filter((name) => name !== LONG);
  const files = (await compiledTests()).filter((file) => {
    const isLong = file.endsWith('.long.test.js');
    if (substrings.length > 0)
      return substrings.some((name) => file.includes(name)) && (isLong || !long);
    return isLong === long;
  });
  if (files.length === 0) {
    say(`no test file has ${names.map((name) => `'${name}'`).join(' or ')} in its name`);
    return 1;
  }
  const [mysql, mariadb] = await Promise.allSettled([open('mysql'), open('mariadb')]);
  try {
    for (const opened of [mysql, mariadb]) if (opened.status === 'rejected') throw opened.reason;
    const urls = {
      DUCKTAIL_TEST_MYSQL_URL: urlOf(mysql),
      DUCKTAIL_TEST_MARIADB_URL: urlOf(mariadb),
    };
    const isAlone = (file: string): boolean => file.endsWith('.alone.long.test.js');
    const together = files.filter((file) => !isAlone(file));
    const exitCode = await runTests(together, CONCURRENCY, urls);
    return (await runTests(files.filter(isAlone), 1, urls)) || exitCode;
  } finally {
    for (const opened of [mysql, mariadb]) {
      if (opened.status === 'fulfilled') await opened.value[Symbol.asyncDispose]();
    }
  }
}

/** Compiled test files, relative to their folder; those whose source is gone are removed. */
async function compiledTests(): Promise<string[]> {
  const found = await readdir(COMPILED_TESTS, { recursive: true });
  const current: string[] = [];
  for (const file of found.filter((name) => name.endsWith('.test.js')).sort()) {
    if (existsSync(path.join(SOURCE_TESTS, file.replace(/\.js$/, '.ts')))) {
      current.push(file);
      continue;
    }
    for (const stale of [file, `${file}.map`]) {
      await rm(path.join(COMPILED_TESTS, stale), { force: true });
    }
  }
  return current;
}

async function open(flavour: Flavour): Promise<TestServer> {
  const startedAt = performance.now();
  const server = await openTestServer(flavour, { onProgress: say });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`${flavour} ${server.version} (${server.origin}) after ${seconds} s`);
  return server;
}

function urlOf(opened: PromiseSettledResult<TestServer>): string {
  return opened.status === 'fulfilled' ? opened.value.url : '';
}

async function runTests(
  files: readonly string[],
  concurrency: number,
  urls: Readonly<Record<string, string>>,
): Promise<number> {
  if (files.length === 0) return 0;
  const runner = spawn(
    process.execPath,
    [
      '--enable-source-maps',
      '--test',
      `--test-concurrency=${concurrency}`,
      `--test-timeout=${TEST_TIMEOUT_MS}`,
      '--test-reporter=spec',
      ...files.map((file) => path.join(COMPILED_TESTS, file)),
    ],
    { stdio: 'inherit', env: { ...process.env, ...urls } },
  );
  // Ctrl-C reaches the runner too; this process outlives it, to stop the servers.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  const forward = (): void => void runner.kill('SIGTERM');
  process.on('SIGTERM', forward);
  const [exitCode] = (await once(runner, 'close')) as [number | null];
  process.off('SIGINT', ignore);
  process.off('SIGTERM', forward);
  return exitCode ?? 1;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
