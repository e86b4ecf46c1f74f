/** Told what was done to keep a replica, for metrics. */
export interface KeepObserver {
  snapshotPublished(snapshot: KeptCopy): void;
  backupTaken(backup: KeptCopy): void;
  compacted(compaction: {
    readonly seconds: number;
    readonly bytesBefore: number;
    readonly bytesAfter: number;
  }): void;
  failed(what: KeepWork): void;
}

export type KeepWork = 'snapshot' | 'backup' | 'compaction';

export interface KeptCopy {
  readonly seconds: number;
  /** How long writers waited for it. */
  readonly pauseSeconds: number;
  readonly bytes: number;
}
