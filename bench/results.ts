import { mkdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { environmentOptions } from '../config/options.js';
import type { DecodeRange } from './cdc-decode.js';
import type { CdcResult } from './cdc.js';
import type { ReadersResult } from './http-readers.js';
import type { HttpBenchResult } from './http.js';
import type { IncrementalResult } from './incremental.js';
import type { Measure } from './measures.js';
import { spread, type Spread } from './statistics.js';
import type { VerifyBenchResult } from './verify.js';

/** One alternation of the measures. */
export interface Round {
  readonly drain: Measure;
  readonly sync: Measure;
  readonly classic: Measure | null;
}

export interface TableResult {
  readonly table: string;
  readonly title: string;
  readonly rounds: readonly Round[];
}

/** What a run measured; the parts that it left out are null. */
export interface BenchResults {
  readonly tables: readonly TableResult[];
  readonly incremental: IncrementalResult | null;
  readonly verify: VerifyBenchResult | null;
  readonly decode: readonly DecodeRange[] | null;
  readonly cdc: CdcResult | null;
  readonly http: HttpBenchResult | null;
  readonly readers: ReadersResult | null;
}

/** Ratios of rows/s, each within one round. */
export interface Ratios {
  readonly syncToDrain: Spread;
  readonly syncToClassic: Spread | null;
}

export function ratiosOf(rounds: readonly Round[]): Ratios {
  const toClassic = rounds.flatMap(({ sync, classic }) =>
    classic === null ? [] : [sync.rowsPerSecond / classic.rowsPerSecond],
  );
  return {
    syncToDrain: spread(rounds.map(({ drain, sync }) => sync.rowsPerSecond / drain.rowsPerSecond)),
    syncToClassic: toClassic.length === 0 ? null : spread(toClassic),
  };
}

/**
 * Writes `bench/results/<name>.json` in the checkout and resolves with that relative path. It holds
 * what the figures depend on, and nothing that names the machine or its user.
 */
export async function writeResults(
  name: string,
  serverVersion: string,
  { tables, incremental, verify, decode, cdc, http, readers }: BenchResults,
): Promise<string> {
  const relativePath = `bench/results/${name}.json`;
  const folder = new URL('../../bench/results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  const document = {
    date: new Date().toISOString(),
    versions: { ...(await versions()), mysql: serverVersion },
    machine: {
      platform: `${process.platform} ${process.arch}`,
      cpu: os.cpus()[0]?.model ?? 'unknown',
      cores: os.availableParallelism(),
      memoryGib: Math.round(os.totalmem() / 2 ** 30),
    },
    settings: ownSettings(),
    tables: tables.map((result) => ({ ...result, ratios: ratiosOf(result.rounds) })),
    incremental,
    verify,
    decode,
    cdc,
    http,
    readers,
  };
  const text = JSON.stringify(document, (_key, value: unknown) => rounded(value), 2);
  await writeFile(fileURLToPath(new URL(`${name}.json`, folder)), `${text}\n`);
  return relativePath;
}

/** Variables that were set for this run, but for those that say where source and target are. */
function ownSettings(): Record<string, string> {
  const options = Object.values(environmentOptions).filter(({ secret }) => !secret);
  const names = options.map((option) => option.name);
  const isPlace = (name: string) => name === 'MYSQL_URL' || name === 'DUCKDB_PATH';
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined || isPlace(name) ? [] : [[name, value]];
    }),
  );
}

async function versions(): Promise<Record<string, string>> {
  const packageFile = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(await readFile(packageFile, 'utf8')) as { version: string };
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll('SELECT version()');
  const duckdb = String(reader.getRowsJson()[0][0]);
  connection.closeSync();
  instance.closeSync();
  return { ducktail: version, node: process.versions.node, duckdb };
}

/** Four significant digits say all that a measurement can; whole numbers stay. */
function rounded(value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value)
    ? Number(value.toPrecision(4))
    : value;
}
