import {
  type Config,
  loadConfig,
  loadReplicaConfig,
  readEnvironment,
  type ReplicaConfig,
} from '../../config/load.js';
import { createLogger, type Logger } from '../common/logger.js';
import type { DatabaseOptions } from '../target/database.js';

/** The configuration of a command that reaches the source. */
export function sourceConfig(): Config {
  return loadConfig(environment());
}

/** The configuration of a command that only needs the replica. */
export function replicaConfig(): ReplicaConfig {
  return loadReplicaConfig(environment());
}

function environment(): Readonly<Record<string, string | undefined>> {
  return readEnvironment(process.cwd(), process.env);
}

/** True where an operator asked for stacks, whether or not the rest of the environment is right. */
export function isDebug(): boolean {
  try {
    return /^\s*(debug|trace)\s*$/i.test(environment().LOG_LEVEL ?? '');
  } catch {
    return false;
  }
}

export function createCliLogger(config: ReplicaConfig): Promise<Logger> {
  const isTerminal = process.stderr.isTTY;
  return createLogger({
    level: config.logLevel,
    format: config.logFormat ?? (isTerminal ? 'pretty' : 'json'),
    colors: isTerminal && process.env.NO_COLOR === undefined,
  });
}

export function databaseOptions(config: ReplicaConfig, owner: string): DatabaseOptions {
  return {
    path: config.duckdbPath,
    memoryLimit: config.duckdbMemoryLimit,
    threads: config.duckdbThreads,
    owner,
  };
}
