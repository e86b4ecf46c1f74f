import { randomInt } from 'node:crypto';
import { readSetting, recordSetting } from '../state/settings.js';
import type { Database } from '../target/database.js';

/** Two replicas with the same id throw each other out: a random one, and the same at each start. */
export async function chosenServerId(database: Database): Promise<number> {
  const known = await readSetting(database, 'cdc_server_id');
  if (known !== null) return Number(known);
  const chosen = randomInt(2 ** 31, 2 ** 32);
  await database.transaction(() => recordSetting(database, 'cdc_server_id', String(chosen)));
  return chosen;
}
