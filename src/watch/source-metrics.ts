import { Counter, Gauge, type Registry } from 'prom-client';
import type { BinlogRetention } from '../model/binlog-retention.js';
import type { ReplicationObserver } from '../model/observers.js';

/** What there is to tell of the source's binlog. */
export class SourceMetrics implements Partial<ReplicationObserver> {
  private readonly reconnects;
  private readonly retentionLeft;
  private readonly behind;
  private hasConnected = false;
  private retention: BinlogRetention | null = null;

  constructor(registry: Registry) {
    const registers = [registry];
    this.reconnects = new Counter({
      name: 'ducktail_source_reconnects_total',
      help: 'Streams of changes that were opened after the first one; a compaction leaves the stream, too.',
      registers,
    });
    this.retentionLeft = new Gauge({
      name: 'ducktail_binlog_retention_left_seconds',
      help: 'Until the source may purge the oldest binlog file that is still needed; 0: it is gone.',
      registers,
    });
    this.behind = new Gauge({
      name: 'ducktail_binlog_behind_bytes',
      help: "Binlog between the replica's position and the source's end, as of the last look at it.",
      registers,
    });
  }

  connected(): void {
    if (this.hasConnected) this.reconnects.inc();
    this.hasConnected = true;
  }

  retained(retention: BinlogRetention): void {
    this.retention = retention;
  }

  /** What changes by itself. */
  refresh(): void {
    this.retentionLeft.remove();
    this.behind.remove();
    if (this.retention === null) return;
    const { purgeableAtMs, isKept, behindBytes } = this.retention;
    const leftSeconds =
      purgeableAtMs === null ? Infinity : Math.max(0, purgeableAtMs - Date.now()) / 1000;
    this.retentionLeft.set(isKept ? leftSeconds : 0);
    if (behindBytes !== null) this.behind.set(behindBytes);
  }
}
