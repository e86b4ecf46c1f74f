import { compareBinlogPositions } from '../model/binlog-position.js';
import type { BinlogRetention } from '../model/binlog-retention.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { SourceSession } from './connect.js';
import { readVariables } from './server-variables.js';

const DAY_SECONDS = 86_400;

/** The variables that `retentionSeconds` reads. */
export const RETENTION_VARIABLES = [
  'binlog_expire_logs_auto_purge',
  'binlog_expire_logs_seconds',
  'expire_logs_days',
];

/** How long the server keeps a binlog file that it does not write to any more; null: for ever. */
export function retentionSeconds(variables: ReadonlyMap<string, string>): number | null {
  if (variables.get('binlog_expire_logs_auto_purge') === 'OFF') return null;
  const seconds = Number(variables.get('binlog_expire_logs_seconds') ?? 0);
  const days = Number(variables.get('expire_logs_days') ?? 0);
  return seconds || days * DAY_SECONDS || null;
}

interface LogFile {
  readonly Log_name: string;
  readonly File_size: string | number;
}

/** What a replica needs of the binlog. */
export interface NeededBinlog {
  /** Everything up to here is in it. */
  readonly reached: Checkpoint;
  /** When the last transaction up to there was committed; null: not known. */
  readonly sourceTimeMs: number | null;
  /** Whether the position's file is this server's for sure, and not another one's. */
  readonly isOwn: boolean;
}

/**
 * Tells until when the source keeps what the replica still needs. A file's age counts from its last
 * write, which the server does not tell: it is not before the last transaction that was read from
 * it, nor before `writtenMs`, when it was last seen to be the one that is written to. So the real
 * time is never earlier than what is told here. Null: it can't be told.
 */
export class RetentionReader {
  private file: string | null = null;
  private writtenMs = -Infinity;

  async read(
    session: SourceSession,
    { reached, sourceTimeMs, isOwn }: NeededBinlog,
  ): Promise<BinlogRetention | null> {
    const kept = retentionSeconds(await readVariables(session, RETENTION_VARIABLES));
    const files = await session.query<LogFile>('SHOW BINARY LOGS');
    const needed = files.filter(
      ({ Log_name }) =>
        compareBinlogPositions({ file: Log_name, position: 0 }, start(reached)) >= 0,
    );
    if (this.file !== reached.file) {
      this.file = reached.file;
      this.writtenMs = -Infinity;
    }
    if (files.at(-1)?.Log_name === reached.file) this.writtenMs = Date.now();
    const writtenMs = Math.max(this.writtenMs, sourceTimeMs ?? -Infinity);
    const isKept = needed.at(0)?.Log_name === reached.file;
    if (!isKept && !isOwn) return null;
    return {
      purgeableAtMs: kept === null ? null : Math.max(0, writtenMs + kept * 1000),
      isKept,
      behindBytes: isKept ? bytesBehind(needed, reached) : null,
    };
  }
}

function start({ file }: Checkpoint): { file: string; position: number } {
  return { file, position: 0 };
}

function bytesBehind(needed: readonly LogFile[], { position }: Checkpoint): number {
  const bytes = needed.reduce((sum, { File_size }) => sum + Number(File_size), 0);
  return Math.max(0, bytes - position);
}
