import type { ModuleFacts } from './module-facts.js';

/** The rooms of the house and the rooms that each may import from. */
const ROOMS: Readonly<Record<string, readonly string[]>> = buildRooms();

/** Packages that only some rooms or files know, by the beginning of their paths. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  mysql2: ['src/source/'],
  '@vlasky/zongji': ['src/source/'],
  piscina: ['src/source/worker-threads.ts'],
  '@aws-sdk/client-s3': ['src/storage/'],
  '@aws-sdk/lib-storage': ['src/storage/'],
  fastify: ['src/http/'],
  'prom-client': ['src/watch/'],
  '@fastify/rate-limit': ['src/http/'],
  '@fastify/swagger': ['src/http/'],
  croner: ['config/value-schemas.ts', 'src/service/cron-times.ts'],
  '@duckdb/node-api': ['src/target/'],
  '@duckdb/node-bindings': [
    'src/target/chunk-writer.ts',
    'src/target/row-slices.ts',
    'src/target/vector-validity.ts',
    'src/target/arrow/',
  ],
  'apache-arrow': ['src/target/arrow/'],
};

/** Harmless facts about the process; the rest of it is the command line's business. */
const FREE_PROCESS_MEMBERS = ['pid', 'kill', 'platform', 'memoryUsage', 'resourceUsage'];
const OUTPUT_MODULES = ['node:process', 'process', 'node:console', 'console'];

function buildRooms(): Record<string, readonly string[]> {
  const below = ['common', 'model', 'batch'];
  const sides = ['source', 'target', 'state'];
  const jobs = ['snapshot', 'incremental', 'cdc', 'verify'];
  return {
    common: ['common'],
    model: ['common', 'model'],
    batch: below,
    config: ['common', 'model', 'config'],
    source: [...below, 'source'],
    target: [...below, 'target'],
    state: [...below, 'target', 'state'],
    compare: [...below, 'source', 'compare'],
    watch: ['common', 'model', 'watch'],
    http: [...below, 'target', 'state', 'watch', 'http'],
    ...Object.fromEntries(jobs.map((job) => [job, [...below, ...sides, 'compare', job]])),
    storage: ['common', 'storage'],
    keep: [...below, 'target', 'state', 'storage', 'keep'],
    service: [
      ...below,
      ...sides,
      'compare',
      ...jobs,
      'storage',
      'keep',
      'watch',
      'http',
      'service',
    ],
    cli: [...below, ...sides, ...jobs, 'storage', 'keep', 'service', 'config', 'cli'],
    workers: [...below, 'source', 'workers'],
  };
}

/** `src/<room>/…`, `config/…` or `workers/…`. */
function roomOf(path: string): string {
  const [top, second] = path.split('/');
  return top === 'src' ? second : top;
}

/** Every breach of the walls, one sentence each. */
export function findBreaches(modules: readonly ModuleFacts[]): string[] {
  return [...modules.flatMap(breachesOf), ...workerReach(modules)];
}

function breachesOf(module: ModuleFacts): string[] {
  const { path, imports, hasDefaultExport, stateSql } = module;
  const room = roomOf(path);
  const breaches: string[] = [];
  if (!(room in ROOMS)) breaches.push(`${path} is in no known room`);
  if (hasDefaultExport !== (room === 'workers')) {
    breaches.push(`${path} ${hasDefaultExport ? 'has a' : 'is a worker without'} default export`);
  }
  if (stateSql.length > 0 && room !== 'state') breaches.push(`${path} has SQL on _ducktail`);
  for (const { target } of imports) {
    if (!mayImport(path, target)) breaches.push(`${path} imports ${target}`);
  }
  for (const member of new Set(module.processMembers)) {
    if (room === 'cli' || FREE_PROCESS_MEMBERS.includes(member)) continue;
    breaches.push(`${path} uses process.${member}`);
  }
  return breaches;
}

function mayImport(path: string, target: string): boolean {
  if (target.endsWith('.ts')) return ROOMS[roomOf(path)]?.includes(roomOf(target)) ?? false;
  if (OUTPUT_MODULES.includes(target)) return roomOf(path) === 'cli';
  const knowing = PACKAGES[target];
  if (knowing === undefined) return !target.startsWith('@duckdb/');
  return knowing.some((place) => path.startsWith(place));
}

/** What a worker thread would load, through any number of files: nothing of another thread's. */
function workerReach(modules: readonly ModuleFacts[]): string[] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const breaches: string[] = [];
  for (const worker of modules.filter(({ path }) => roomOf(path) === 'workers')) {
    const reached = new Set([worker.path]);
    for (const path of reached) {
      for (const { target, isTypeOnly } of byPath.get(path)?.imports ?? []) {
        if (!isTypeOnly) reached.add(target);
      }
    }
    const foreign = [...reached].filter(
      (target) => /^@duckdb\/|^piscina$/.test(target) || isOutside(target),
    );
    breaches.push(...foreign.map((target) => `${worker.path} loads ${target}`));
  }
  return breaches;
}

function isOutside(target: string): boolean {
  return target.endsWith('.ts') && !ROOMS.workers.includes(roomOf(target));
}
