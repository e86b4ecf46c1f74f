import { randomInt } from 'node:crypto';
import { DucktailError } from '../common/errors.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { openSession } from '../source/connect.js';
import { readSourceHistory, type SourceHistory } from '../source/source-history.js';
import { readSetting, recordSetting } from '../state/settings.js';
import { readStreamPosition } from '../state/stream.js';
import type { Database } from '../target/database.js';
import type { SourceLag } from './source-lag.js';

export interface MetSource {
  readonly source: SourceHistory;
  /** By which the replica registers there. */
  readonly serverId: number;
}

interface Expectations {
  readonly endpoint: MysqlEndpoint;
  readonly targetSchema: string;
  /** null: chosen once, and kept in the replica. */
  readonly serverId: number | null;
}

/** Throws where the source is not one whose binlog can be followed on from here. */
export async function meetSource(
  database: Database,
  { endpoint, targetSchema, serverId: wanted }: Expectations,
  lag: SourceLag,
): Promise<MetSource> {
  await using session = await openSession(endpoint);
  const source = await readSourceHistory(session);
  const serverId = wanted ?? (await chosenServerId(database));
  if (serverId === source.serverId) {
    throw new DucktailError(
      'source-unsuitable',
      `the source itself has the server id ${serverId}, by which the replica would register`,
      { hint: 'Give CDC_SERVER_ID a number that neither the source nor another replica has.' },
    );
  }
  lag.require(await readStreamPosition((sql) => database.rows(sql), targetSchema), source);
  return { source, serverId };
}

/** Two replicas with the same id throw each other out: a random one, and the same at each start. */
async function chosenServerId(database: Database): Promise<number> {
  const known = await readSetting(database, 'cdc_server_id');
  if (known !== null) return Number(known);
  const chosen = randomInt(2 ** 31, 2 ** 32);
  await database.transaction(() => recordSetting(database, 'cdc_server_id', String(chosen)));
  return chosen;
}
