import { DucktailError } from '../../common/errors.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { RawEvent } from './raw-event.js';
import { isMissingFile } from './errors.js';
import { EventType } from './event-types.js';
import { ReplicationSession, type SessionOptions } from './replication-session.js';

/** Behind the four bytes that every binlog file begins with. */
const FIRST_POSITION = 4;
const MAX_POSITION = 2 ** 32 - 1;

/**
 * Throws where the source's file of that name is another one than the one that was read, or ends
 * before the position. A server that was restored from a backup, and written to since, has other
 * transactions under the numbers that the replica knows: it accepts the replica's GTID set, and sends
 * what comes after it. But the file that the replica was in was made by the server that is gone.
 *
 * Asked by position in a session of its own, as one by GTID may begin with another file. Nothing can be
 * said where the source has purged the file.
 */
export async function requireSameFile(options: SessionOptions, signal: AbortSignal): Promise<void> {
  const { from } = options;
  const knownMs = from.fileTimeMs ?? null;
  if (knownMs === null) return;
  const position = from.position > MAX_POSITION ? FIRST_POSITION : from.position;
  const foundMs = await readFileTime(
    { ...options, from: { gtidSet: null, file: from.file, position } },
    signal,
  );
  if (foundMs !== null && foundMs !== knownMs) throw otherFile(from, knownMs, foundMs);
}

/** When the source made the file; null where it does not have it. */
async function readFileTime(options: SessionOptions, signal: AbortSignal): Promise<number | null> {
  let session: ReplicationSession | null = null;
  const listening = new AbortController();
  try {
    return await new Promise<number>((resolve, reject) => {
      const abort = (): void => {
        reject(new DucktailError('aborted', 'the binlog stream was closed'));
      };
      signal.addEventListener('abort', abort, { signal: listening.signal });
      if (signal.aborted) abort();
      session = new ReplicationSession(options, {
        onEvent: (event: RawEvent) => {
          if (event.type === EventType.FORMAT_DESCRIPTION) resolve(event.timeMs);
        },
        onError: reject,
      });
    });
  } catch (error) {
    if (isMissingFile(error)) return null;
    throw error;
  } finally {
    listening.abort();
    await (session as ReplicationSession | null)?.[Symbol.asyncDispose]();
  }
}

function otherFile({ file }: Checkpoint, knownMs: number, foundMs: number): DucktailError {
  const [known, found] = [knownMs, foundMs].map((timeMs) => new Date(timeMs).toISOString());
  return new DucktailError(
    'history-lost',
    `the source's ${file} was made at ${found}, and the one that was followed at ${known}`,
    { hint: 'It was reset or restored. The tables have to be copied again.' },
  );
}
