import { DucktailError } from '../common/errors.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { GtidFlavour } from '../model/gtid-set.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { openSession } from '../source/connect.js';
import { readBinlogEnd } from '../source/positions.js';

/** Where the source's binlog ends now. */
export async function readEnd(
  endpoint: MysqlEndpoint,
): Promise<{ readonly end: Checkpoint; readonly flavour: GtidFlavour }> {
  await using session = await openSession(endpoint);
  const end = await readBinlogEnd(session);
  if (end === null) {
    throw new DucktailError('source-unsuitable', "the binlog's position can't be read", {
      hint: 'Run `ducktail check`: it names the settings and grants that are missing.',
    });
  }
  return { end, flavour: session.isMariaDb ? 'mariadb' : 'mysql' };
}
