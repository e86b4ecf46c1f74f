import { randomInt } from 'node:crypto';
import { DucktailError } from '../common/errors.js';
import type { SourceHistory } from '../source/source-history.js';
import { readSetting, recordSetting } from '../state/settings.js';
import type { Database } from '../target/database.js';

/**
 * The server id by which the replica registers at the source; `configured` where the operator has
 * chosen. Two replicas with the same id throw each other out: a random one otherwise, and the same
 * at each start.
 */
export async function replicaServerId(
  database: Database,
  configured: number | null,
  source: SourceHistory,
): Promise<number> {
  const serverId = configured ?? (await chosenServerId(database));
  if (serverId !== source.serverId) return serverId;
  throw new DucktailError(
    'source-unsuitable',
    `the source itself has the server id ${serverId}, by which the replica would register`,
    { hint: 'Give CDC_SERVER_ID a number that neither the source nor another replica has.' },
  );
}

async function chosenServerId(database: Database): Promise<number> {
  const known = await readSetting(database, 'cdc_server_id');
  if (known !== null) return Number(known);
  const chosen = randomInt(2 ** 31, 2 ** 32);
  await database.transaction(() => recordSetting(database, 'cdc_server_id', String(chosen)));
  return chosen;
}
