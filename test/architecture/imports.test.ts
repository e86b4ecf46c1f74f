import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { describeModule, readModules } from './module-facts.js';
import { findBreaches } from './walls.js';

// The tests run from dist/.
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

test('no file of the program breaches a wall', () => {
  const modules = readModules(ROOT, ['src', 'config', 'workers']);
  const paths = modules.map(({ path }) => path);
  for (const known of ['src/common/errors.ts', 'config/load.ts', 'workers/reader.ts']) {
    assert.ok(paths.includes(known), `${known} was read`);
  }
  for (const { path, imports } of modules) {
    for (const { target } of imports.filter((fact) => fact.target.endsWith('.ts'))) {
      assert.ok(paths.includes(target), `${path} imports ${target}, which was not read`);
    }
  }
  assert.deepEqual(findBreaches(modules), []);
});

const GOOD: Readonly<Record<string, string>> = {
  'src/common/a.ts': `import { join } from 'node:path'; export const a = join('x');`,
  'src/model/a.ts': `import { a } from '../common/a.js'; export const b = a;`,
  'src/source/worker-threads.ts': `import { Piscina } from 'piscina'; export const p = Piscina;`,
  'src/source/connect.ts': `import mysql from 'mysql2/promise'; export const c = mysql;`,
  'src/target/chunk-writer.ts': `import d from '@duckdb/node-bindings'; export const w = d;`,
  'src/target/lock-file.ts': `export const pid = process.pid; process.kill(pid, 0);`,
  'src/target/names.ts': `export const x = { process: 1 }; export const y = x.process;`,
  'src/state/a.ts': 'export const sql = (n: string) => `SELECT ${n} FROM _ducktail.tables`;',
  'src/snapshot/a.ts': `export type { D } from '../target/database.js'; import '../state/a.js';`,
  'src/http/a.ts': `import Fastify from 'fastify'; import '../target/names.js'; export const f = Fastify;`,
  'src/service/a.ts': `import '../snapshot/a.js'; import '../cdc/a.js';`,
  'src/cli/main.ts': `import '../../config/load.js'; process.exit(Number(process.env.X));`,
  'src/cli/hint.ts': `export const hint = 'see _ducktail.rejected_values';`,
  'src/cli/tip.ts': `export const tip = 'run: ducktail query "FROM _ducktail.tables"';`,
  'config/load.ts': `import * as v from 'valibot'; import '../src/common/a.js'; export const c = v;`,
  'workers/reader.ts': `import '../src/source/connect.js'; export default () => 1;`,
};

test('a house in order has no breach', () => {
  assert.deepEqual(findBreaches(describe(GOOD)), []);
});

/** A file, what is wrong in it, and every breach that is to be seen. */
const BAD: readonly [path: string, text: string, breaches: readonly string[]][] = [
  // 1: common ← model ← batch, config; no driver in them; configuration is read in cli.
  ['src/common/x.ts', `import '../model/a.js';`, ['src/common/x.ts imports src/model/a.ts']],
  ['src/model/x.ts', `import '../batch/a.js';`, ['src/model/x.ts imports src/batch/a.ts']],
  ['src/batch/x.ts', `import '../source/a.js';`, ['src/batch/x.ts imports src/source/a.ts']],
  ['config/x.ts', `import '../src/target/a.js';`, ['config/x.ts imports src/target/a.ts']],
  ['src/model/x.ts', `import type { X } from 'mysql2';`, ['src/model/x.ts imports mysql2']],
  [
    'src/service/x.ts',
    `import '../../config/load.js';`,
    ['src/service/x.ts imports config/load.ts'],
  ],
  // 2: source and target don't know each other, and each knows its own driver alone.
  [
    'src/source/x.ts',
    `import type { D } from '../target/d.js';`,
    ['src/source/x.ts imports src/target/d.ts'],
  ],
  [
    'src/target/x.ts',
    `export { c } from '../source/connect.js';`,
    ['src/target/x.ts imports src/source/connect.ts'],
  ],
  ['src/target/x.ts', `await import('mysql2/promise');`, ['src/target/x.ts imports mysql2']],
  ['src/cdc/x.ts', `import z from '@vlasky/zongji';`, ['src/cdc/x.ts imports @vlasky/zongji']],
  [
    'src/cli/x.ts',
    `type D = import('@duckdb/node-api').DuckDBType;`,
    ['src/cli/x.ts imports @duckdb/node-api'],
  ],
  ['src/state/x.ts', `import '@duckdb/other';`, ['src/state/x.ts imports @duckdb/other']],
  [
    'src/target/x.ts',
    `import d from '@duckdb/node-bindings';`,
    ['src/target/x.ts imports @duckdb/node-bindings'],
  ],
  ['src/source/x.ts', `import { Piscina } from 'piscina';`, ['src/source/x.ts imports piscina']],
  ['src/keep/x.ts', `import '@aws-sdk/client-s3';`, ['src/keep/x.ts imports @aws-sdk/client-s3']],
  [
    'src/service/x.ts',
    `import '@aws-sdk/lib-storage';`,
    ['src/service/x.ts imports @aws-sdk/lib-storage'],
  ],
  [
    'src/keep/x.ts',
    `import '../source/connect.js';`,
    ['src/keep/x.ts imports src/source/connect.ts'],
  ],
  ['src/storage/x.ts', `import '../state/a.js';`, ['src/storage/x.ts imports src/state/a.ts']],
  ['src/service/x.ts', `import Fastify from 'fastify';`, ['src/service/x.ts imports fastify']],
  ['src/http/x.ts', `import '../service/a.js';`, ['src/http/x.ts imports src/service/a.ts']],
  [
    'src/http/x.ts',
    `import { D } from '@duckdb/node-api';`,
    ['src/http/x.ts imports @duckdb/node-api'],
  ],
  // 3: one thread owns DuckDB, also behind other files.
  [
    'workers/x.ts',
    `import '../src/target/chunk-writer.js'; export default 1;`,
    [
      'workers/x.ts imports src/target/chunk-writer.ts',
      'workers/x.ts loads src/target/chunk-writer.ts',
      'workers/x.ts loads @duckdb/node-bindings',
    ],
  ],
  [
    'src/source/connect.ts',
    `import '../state/a.js'; import type { T } from '../target/type.js';`,
    [
      'src/source/connect.ts imports src/state/a.ts',
      'src/source/connect.ts imports src/target/type.ts',
      'workers/reader.ts loads src/state/a.ts',
    ],
  ],
  // 4: only state writes SQL on its tables.
  [
    'src/snapshot/x.ts',
    'export const s = `DELETE FROM _ducktail.tables`;',
    ['src/snapshot/x.ts has SQL on _ducktail'],
  ],
  [
    'src/target/x.ts',
    'export const s = (a: string) => `${a} INTO "_ducktail".tables ${a}`;',
    ['src/target/x.ts has SQL on _ducktail'],
  ],
  ['src/target/x.ts', `import '../state/a.js';`, ['src/target/x.ts imports src/state/a.ts']],
  // 5: the jobs don't know each other.
  ...['snapshot', 'incremental', 'cdc', 'verify'].map((job, index, jobs): (typeof BAD)[number] => {
    const other = jobs[(index + 1) % jobs.length];
    const path = `src/${job}/x.ts`;
    return [path, `import '../${other}/a.js';`, [`${path} imports src/${other}/a.ts`]];
  }),
  // 6: the process belongs to the command line.
  ['src/service/x.ts', `process.on('SIGTERM', () => 1);`, ['src/service/x.ts uses process.on']],
  ['src/service/x.ts', `process.stdout.write('');`, ['src/service/x.ts uses process.stdout']],
  ['config/x.ts', `export const e = process.env;`, ['config/x.ts uses process.env']],
  ['src/common/x.ts', `const { env } = process;`, ['src/common/x.ts uses process.*']],
  ['src/common/x.ts', `export const p = globalThis.process;`, ['src/common/x.ts uses process.*']],
  [
    'src/common/x.ts',
    `import { env } from 'node:process';`,
    ['src/common/x.ts imports node:process'],
  ],
  // Manners: names for exports, a room for every file.
  ['src/common/x.ts', `export default class X {}`, ['src/common/x.ts has a default export']],
  [
    'src/common/x.ts',
    `const x = 1; export { x as default };`,
    ['src/common/x.ts has a default export'],
  ],
  ['src/common/x.ts', `const x = 1; export default x;`, ['src/common/x.ts has a default export']],
  ['workers/x.ts', `export const x = 1;`, ['workers/x.ts is a worker without default export']],
  ['src/helpers/x.ts', `export const x = 1;`, ['src/helpers/x.ts is in no known room']],
];

test('each wall is seen to be breached', () => {
  for (const [path, text, breaches] of BAD) {
    assert.deepEqual(findBreaches(describe({ ...GOOD, [path]: text })), breaches, text);
  }
});

function describe(files: Readonly<Record<string, string>>) {
  return Object.entries(files).map(([path, text]) => describeModule(path, text));
}
