import { describeFailure } from '../model/observers.js';
import type { TableState } from '../state/tables.js';
import { rowsBesideWriter } from '../target/live-query.js';
import { checkWriting } from '../target/write-check.js';
import type { HandledService } from './control-handlers.js';
import { serviceStatus } from './control-handlers.js';

/**
 * Throws where the replica can't be read or written: a process that lives may have lost it. Why is
 * told to the log, once; who asks may be anyone.
 */
export function healthCheck({ database, logger }: HandledService): () => Promise<void> {
  let wasHealthy = true;
  return async () => {
    try {
      await rowsBesideWriter(database, 'SELECT count(*) FROM duckdb_tables()');
      await checkWriting(database);
      if (!wasHealthy) logger.info('the replica can be read and written again');
      wasHealthy = true;
    } catch (error) {
      const { message, hint } = describeFailure(error);
      if (wasHealthy) logger.error({ hint }, `not healthy: ${message}`);
      wasHealthy = false;
      throw error;
    }
  };
}

/** What is missing for the replica to stand for the source. */
export async function findLacks(service: HandledService, maxLagSeconds: number): Promise<string[]> {
  const { tables, cdc } = await serviceStatus(service);
  const lacks = tables.flatMap((table) => lackOf(table) ?? []);
  if (tables.length === 0) lacks.push('no table was copied yet');
  if (cdc === null) {
    const oldest = Math.min(...tables.map(({ lastSync }) => Date.parse(lastSync ?? '')));
    if (!(Date.now() - oldest <= maxLagSeconds * 1000))
      lacks.push('a table was synced too long ago');
  } else if (cdc.state !== 'streaming') {
    lacks.push(`the stream is ${cdc.state}`);
  } else if (cdc.lagSeconds === null || cdc.lagSeconds > maxLagSeconds) {
    lacks.push(`the stream is ${cdc.lagSeconds ?? 'an unknown number of'} seconds behind`);
  }
  return lacks;
}

function lackOf({ table, mode, error }: TableState): string | null {
  if (mode === 'none') return `${table} was not copied yet`;
  return error === null ? null : `${table}: ${error}`;
}
