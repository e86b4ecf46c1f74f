import { DucktailError } from '../common/errors.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { GtidFlavour } from '../model/gtid-set.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { openSession } from '../source/connect.js';
import { readBinlogEnd, readStreamEnd } from '../source/positions.js';

export interface SourceEnd {
  /** Where the source's binlog ends. */
  readonly end: Checkpoint;
  /** Of that, what a stream brings that has begun before. */
  readonly streamEnd: Checkpoint;
  readonly flavour: GtidFlavour;
}

/** Where the source is now. */
export async function readEnd(endpoint: MysqlEndpoint): Promise<SourceEnd> {
  await using session = await openSession(endpoint);
  const end = await readBinlogEnd(session);
  const streamEnd = await readStreamEnd(session);
  if (end === null || streamEnd === null) {
    throw new DucktailError('source-unsuitable', "the binlog's position can't be read", {
      hint: 'Run `ducktail check`: it names the settings and grants that are missing.',
    });
  }
  return { end, streamEnd, flavour: session.isMariaDb ? 'mariadb' : 'mysql' };
}
