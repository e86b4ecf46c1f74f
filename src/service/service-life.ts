import type { CdcStatus, Replication } from './replication.js';
import type { ServiceStatus } from './status.js';

/** How a service stands, from when it has the replica open to its end. */
export class ServiceLife {
  /** From when there is one on. */
  replication: Replication | null = null;

  constructor(
    private readonly signal: AbortSignal,
    /** For a source that does not answer yet. */
    public isWaiting: boolean,
  ) {}

  get state(): ServiceStatus['state'] {
    if (this.signal.aborted) return 'stopping';
    return this.isWaiting ? 'source-unavailable' : (this.replication?.state ?? 'starting');
  }

  get cdc(): CdcStatus | null {
    return this.replication?.status() ?? null;
  }
}
