import type { CdcProgress, CdcState } from '../cdc/context.js';
import { placeOf } from '../model/checkpoint.js';
import type { CdcStatus, ReplicationState } from './replication.js';
import { isoTime } from './status.js';
import { lagSeconds } from './stream-lag.js';

/** What a service is at, by the state of its stream. */
export const REPLICATION_STATES: Record<CdcState, ReplicationState> = {
  starting: 'starting',
  copying: 'syncing',
  streaming: 'streaming',
  reconnecting: 'source-unavailable',
  stopped: 'waiting',
};

/** `progress`: of the latest attempt; null before the first. */
export function cdcStatus(progress: CdcProgress | null, endedQueries: number): CdcStatus {
  if (progress === null) {
    const unknown = { checkpoint: null, sourceTime: null, lagSeconds: null };
    return { state: 'starting', ...unknown, endedQueries };
  }
  const { state, checkpoint, sourceTimeMs } = progress;
  return {
    state,
    checkpoint: checkpoint && placeOf(checkpoint),
    sourceTime: isoTime(sourceTimeMs),
    lagSeconds: lagSeconds(progress),
    endedQueries,
  };
}
