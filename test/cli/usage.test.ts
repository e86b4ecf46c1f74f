import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { environmentOptions } from '../../config/options.js';
import { assertFailedClearly, type ErrorDocument } from '../e2e/support/clear-message.js';
import { type DucktailRun, runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';

const COMMANDS = [
  'check',
  'sync',
  'run',
  'verify',
  'status',
  'query',
  'backup',
  'restore',
  'compact',
];
const PACKAGE = new URL('../../../package.json', import.meta.url);

test('--help names every command and every variable with its default', async () => {
  const { exitCode, stdout, stderr } = await runDucktail(['--help'], {});
  assert.equal(exitCode, 0);
  assert.equal(stderr, '');
  for (const command of COMMANDS) assert.match(stdout, new RegExp(`^ {2}${command} `, 'm'));
  const words = stdout.replaceAll(/\s+/g, ' ');
  for (const { name, doc, whenUnset } of Object.values(environmentOptions)) {
    const state = whenUnset === null ? 'required' : `default: ${whenUnset.words}`;
    assert.ok(words.includes(`${name} (${state}) ${doc}`), name);
  }
  assert.match(stdout, /^Exit codes: 0 .*, 1 .*, 2 /m);
});

for (const command of COMMANDS) {
  test(`${command} --help describes its options`, async () => {
    const { exitCode, stdout } = await runDucktail([command, '--help'], {});
    assert.equal(exitCode, 0);
    assert.match(stdout, new RegExp(`^Usage: ducktail ${command} `));
    assert.match(stdout, /^ {2}--json +print one JSON document on stdout and nothing else/m);
    if (command === 'sync') assert.match(stdout, /--full[^]*--dry-run/);
  });
}

test('--version is the one of the package', async () => {
  const { version } = JSON.parse(await readFile(PACKAGE, 'utf8')) as { version: string };
  const { exitCode, stdout } = await runDucktail(['--version'], {});
  assert.equal(exitCode, 0);
  assert.equal(stdout, `${version}\n`);
});

const MISUSES: readonly [args: string[], said: RegExp][] = [
  [[], /^Usage: ducktail /],
  [['frobnicate'], /^error: unknown command 'frobnicate'\n/],
  [['sync', '--nope'], /^error: unknown option '--nope'\n/],
  [['query'], /^error: missing required argument 'sql'\n/],
  [['query', 'SELECT', '1'], /^error: too many arguments for 'query'/],
  [['sync', '--cdc', '--full'], /^error: option '--cdc' cannot be used with option '--full'\n/],
  [['sync', '--cdc', '--deletes'], /^error: option '--cdc' cannot be used with/],
  [['status', 'shop'], /^error: too many arguments for 'status'/],
];

for (const [args, said] of MISUSES) {
  test(`'ducktail ${args.join(' ')}' is bad usage`, async () => {
    const { exitCode, stdout, stderr } = await runDucktail(args, {});
    assert.equal(exitCode, 2);
    assert.equal(stdout, '');
    assert.match(stderr, said);
    assert.match(stderr, args.length === 0 ? /^Commands:$/m : /^\(see ducktail --help\)$/m);
  });
}

test('every problem of the configuration is told at once, and no password', async () => {
  const env = {
    MYSQL_URL: 'mysql://root:S3cret@127.0.0.1:99999/',
    BATCH_SIZE: '0',
    WORKER_THREADS: 'many',
    DUCKDB_MEMORY_LIMIT: '12 apples',
    TIME_AS: 'clock',
    LOG_LEVEL: 'loud',
    INCLUDE_TABLES: 'orders',
    EXCLUDE_TABLES: 'o*',
  };
  const run = await runDucktail(['sync', '--json'], env);
  assert.equal(run.exitCode, 2);
  const { error } = run.json<ErrorDocument>();
  assert.equal(error.code, 'configuration');
  const [first, ...problems] = error.message.split('\n');
  assert.equal(first, `${problems.length} problems in the configuration:`);
  const names = problems.map((problem) => problem.trim().split(' ')[0]);
  assert.deepEqual(names.sort(), [
    'BATCH_SIZE',
    'DUCKDB_MEMORY_LIMIT',
    'DUCKDB_PATH',
    'INCLUDE_TABLES',
    'LOG_LEVEL',
    'MYSQL_URL',
    'MYSQL_URL',
    'TIME_AS',
    'WORKER_THREADS',
  ]);
  assert.doesNotMatch(run.stderr + run.stdout, /S3cret/);
  assert.doesNotMatch(run.stderr, /^\s+at /m);
});

interface WrongPath {
  readonly what: string;
  readonly prepare: (folder: TempFolder) => Promise<string>;
  readonly message: RegExp;
}

const WRONG_PATHS: readonly WrongPath[] = [
  {
    what: 'a file that is no DuckDB file',
    prepare: async (folder) => {
      await writeFile(folder.file('notes.txt'), 'these are notes\n'.repeat(1000));
      return folder.file('notes.txt');
    },
    message: /notes\.txt.*not a valid DuckDB database file/,
  },
  {
    what: 'a folder',
    prepare: async (folder) => {
      await mkdir(folder.file('folder'));
      return folder.file('folder');
    },
    message: /folder/,
  },
];

for (const { what, prepare, message } of WRONG_PATHS) {
  for (const args of [['status'], ['query', 'SELECT 1']]) {
    test(`${args[0]} of ${what} is an error that names it`, async () => {
      await using folder = await TempFolder.open();
      const env = { DUCKDB_PATH: await prepare(folder) };
      const expected = {
        exitCode: 1,
        code: 'target-failed',
        message,
        hint: /^Check that DUCKDB_PATH names a DuckDB file/,
      } as const;
      assertFailedClearly(await runDucktail([...args, '--json'], env), expected);
    });
  }
}

for (const args of [['status'], ['query', 'SELECT 1']]) {
  test(`${args[0]} without a replica says how to get one`, async () => {
    await using folder = await TempFolder.open();
    const env = { DUCKDB_PATH: folder.file('none.duckdb') };
    const run: DucktailRun = await runDucktail([...args, '--json'], env);
    assertFailedClearly(run, {
      exitCode: 1,
      code: 'target-failed',
      message: /^there is no replica at .*none\.duckdb$/,
      hint: /^Run `ducktail sync` first, or check DUCKDB_PATH\.$/,
    });
  });
}

test('sync --cdc takes no tables', async () => {
  const { exitCode, stdout, stderr } = await runDucktail(['sync', '--cdc', 'shop'], {});
  assert.equal(exitCode, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /--cdc takes no table names/);
});
