import type { ReplicaConfig } from '../../config/load.js';
import { ControlClient } from '../service/control-client.js';
import { replicaConfig } from './context.js';

/** A service on this command's DUCKDB_PATH. */
export interface RunningService extends Disposable {
  readonly client: ControlClient;
  /** This command's own: the service's may differ in everything but the path. */
  readonly config: ReplicaConfig;
}

/** null where none answers; what is wrong with the configuration its next reader tells. */
export async function findService(): Promise<RunningService | null> {
  let config: ReplicaConfig;
  try {
    config = replicaConfig();
  } catch {
    return null;
  }
  const client = await ControlClient.find(config.duckdbPath);
  if (client === null) return null;
  return { client, config, [Symbol.dispose]: () => client[Symbol.dispose]() };
}
