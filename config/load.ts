import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'dotenv';
import * as v from 'valibot';
import { DucktailError, errorMessage } from '../src/common/errors.js';
import type { TypeOptions } from '../src/model/column-plan.js';
import type { MysqlEndpoint } from '../src/model/mysql-endpoint.js';
import type { WatermarkRule } from '../src/model/watermark-rule.js';
import { type HttpConfig, httpConfig, httpProblems, withoutHttp } from './http-config.js';
import { environmentOptions, type OptionValues } from './options.js';
import type { ValueSchema } from './value-schemas.js';
import { contradictions, type TableFilter } from '../src/model/table-filter.js';

/** A `process.env`: unset variables are absent, undefined or empty. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What commands on the replica alone need. */
export interface ReplicaConfig {
  readonly duckdbPath: string;
  readonly targetSchema: string;
  readonly tables: TableFilter;
  /** Rows in a batch from a reader. */
  readonly batchRows: number;
  /** Rows between two flushes into a staging table. */
  readonly flushRows: number;
  /** Rows of a statement of the INSERT fallback. */
  readonly insertBatchRows: number;
  readonly workerThreads: number;
  /** DuckDB's notation, such as `256MB`. */
  readonly duckdbMemoryLimit: string;
  /** null: one per core. */
  readonly duckdbThreads: number | null;
  readonly types: TypeOptions;
  readonly watermarks: readonly WatermarkRule[];
  /** How far below its watermark an incremental sync reads again, in seconds. */
  readonly lookbackSeconds: number;
  /** Whether incremental syncs look for rows that are gone. */
  readonly deletes: boolean;
  /** Whether the service follows the binlog; else it syncs on the schedule. */
  readonly cdcEnabled: boolean;
  /** null: one is chosen for the replica and kept. */
  readonly cdcServerId: number | null;
  readonly cdcBatchRows: number;
  /** The longest that a change waits for others, in milliseconds. */
  readonly cdcBatchMs: number;
  /** A cron expression. */
  readonly schedule: string;
  /** Where snapshots are published; null: nowhere. */
  readonly snapshotPath: string | null;
  readonly snapshotSeconds: number;
  /** A folder or `s3://…`. */
  readonly backupTarget: string | null;
  /** A cron expression; null: never. */
  readonly backupSchedule: string | null;
  readonly backupContent: 'duckdb' | 'parquet';
  readonly backupKeep: number;
  /** null: however old. */
  readonly backupKeepDays: number | null;
  /** null: not encrypted. */
  readonly backupKey: Buffer | null;
  readonly partitionBy: readonly WatermarkRule[];
  readonly s3Endpoint: string | null;
  readonly s3Region: string;
  /** null: found as AWS's tools find them. */
  readonly s3Credentials: S3Credentials | null;
  /** Of the file, dead; 0: never. */
  readonly compactAtPercent: number;
  readonly http: HttpConfig;
  readonly logLevel: OptionValues['logLevel'];
  /** null: pretty on a terminal, json elsewhere. */
  readonly logFormat: OptionValues['logFormat'];
}

interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface Config extends ReplicaConfig {
  readonly endpoint: MysqlEndpoint;
}

/**
 * The configuration of commands that reach the source. Reads nothing but its argument, and the CA
 * file that MYSQL_URL may name. Throws a `configuration` error that lists every problem at once,
 * by variable name.
 */
export function loadConfig(environment: Environment): Config {
  const values = readValues(environment, optionKeys);
  return { ...replicaConfig(values), endpoint: values.endpoint };
}

/** The same without MYSQL_URL, which may be unset or wrong. */
export function loadReplicaConfig(environment: Environment): ReplicaConfig {
  return replicaConfig(readValues(environment, replicaKeys));
}

/**
 * The process's environment over the variables of `.env` in the folder, if there is one: what is
 * set in both, even as empty, counts as the process has it.
 */
export function readEnvironment(folder: string, processEnvironment: Environment): Environment {
  const file = join(folder, '.env');
  try {
    // parse() alone, since config() prints what it loaded.
    return { ...parse(readFileSync(file)), ...processEnvironment };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return processEnvironment;
    throw new DucktailError('configuration', `${file} can't be read: ${errorMessage(error)}`, {
      hint: 'Make it a readable file, or remove it and set the variables otherwise.',
      cause: error,
    });
  }
}

/** Readers beyond half of the cores take them from DuckDB and, on one machine, from MySQL. */
export function automaticWorkerThreads(cores: number): number {
  return Math.max(1, Math.min(4, Math.floor(cores / 2)));
}

type OptionKey = keyof OptionValues;
type ReplicaKey = Exclude<OptionKey, 'endpoint'>;

const optionKeys = Object.keys(environmentOptions) as OptionKey[];
const replicaKeys = optionKeys.filter((key): key is ReplicaKey => key !== 'endpoint');

function replicaConfig(values: Pick<OptionValues, ReplicaKey>): ReplicaConfig {
  const { includeTables, excludeTables, tinyint1As, timeAs, timestampAs, ...others } = values;
  const { workerThreads, deletes, cdcEnabled, s3AccessKey, s3SecretKey, s3SessionToken, ...known } =
    withoutHttp(others);
  // There is none to be had: see its schema.
  const { duckdbEncryptionKey: _none, ...rest } = known;
  return {
    ...rest,
    http: httpConfig(values),
    tables: { include: includeTables, exclude: excludeTables },
    workerThreads: workerThreads ?? automaticWorkerThreads(availableParallelism()),
    types: { tinyint1As, timeAs, timestampAs },
    deletes: deletes === 'true',
    cdcEnabled: cdcEnabled === 'true',
    s3Credentials:
      s3AccessKey === null || s3SecretKey === null
        ? null
        : {
            accessKeyId: s3AccessKey,
            secretAccessKey: s3SecretKey,
            ...(s3SessionToken === null ? {} : { sessionToken: s3SessionToken }),
          },
  };
}

function readValues<Key extends OptionKey>(
  environment: Environment,
  keys: readonly Key[],
): Pick<OptionValues, Key> {
  const values: Partial<Record<OptionKey, unknown>> = {};
  const problems: string[] = [];
  for (const key of keys) {
    const { name, schema, whenUnset } = environmentOptions[key];
    const text = environment[name]?.trim() ?? '';
    if (text !== '') {
      const result = v.safeParse<ValueSchema<unknown>>(schema, text);
      if (result.success) values[key] = result.output;
      else problems.push(...result.issues.map(({ message }) => `${name} ${message}`));
    } else if (whenUnset === null) {
      problems.push(`${name} is not set`);
    } else {
      values[key] = whenUnset.value;
    }
  }
  problems.push(...filterProblems(values), ...backupProblems(values));
  problems.push(...httpProblems(values as Partial<OptionValues>));
  if (problems.length > 0) throw configurationError(problems);
  return values as Pick<OptionValues, Key>;
}

function filterProblems(values: Partial<Record<OptionKey, unknown>>): string[] {
  const { includeTables, excludeTables } = values as Partial<OptionValues>;
  const found = contradictions({ include: includeTables ?? [], exclude: excludeTables ?? [] });
  return [
    ...found.include.map((problem) => `INCLUDE_TABLES ${problem}`),
    ...found.exclude.map((problem) => `EXCLUDE_TABLES ${problem}`),
  ];
}

function backupProblems(values: Partial<Record<OptionKey, unknown>>): string[] {
  const {
    backupSchedule = null,
    backupTarget,
    s3AccessKey = null,
    s3SecretKey = null,
    duckdbPath,
    snapshotPath = null,
  } = values as Partial<OptionValues>;
  const problems: string[] = [];
  if (backupSchedule !== null && backupTarget === null) {
    problems.push('BACKUP_SCHEDULE is set, but not BACKUP_TARGET');
  }
  if ((s3AccessKey === null) !== (s3SecretKey === null)) {
    problems.push('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are only good together');
  }
  if (snapshotPath !== null && duckdbPath !== undefined) {
    if (resolve(snapshotPath) === resolve(duckdbPath)) {
      problems.push('SNAPSHOT_PATH is DUCKDB_PATH: it has to be another file');
    }
  }
  return problems;
}

function configurationError(problems: readonly string[]): DucktailError {
  const message =
    problems.length === 1
      ? problems[0]
      : `${problems.length} problems in the configuration:\n${problems.map((problem) => `  ${problem}`).join('\n')}`;
  return new DucktailError('configuration', message, {
    hint: 'Set variables in the environment or in .env; .env.example describes each.',
  });
}
