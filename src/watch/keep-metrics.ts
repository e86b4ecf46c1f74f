import { Counter, Gauge, type Registry } from 'prom-client';
import type { KeepObserver, KeepWork, KeptCopy } from '../model/keep-observer.js';

const WORKS: readonly KeepWork[] = ['snapshot', 'backup', 'compaction'];

/** What was done to keep the replica: snapshots, backups, compactions. */
export class KeepMetrics implements KeepObserver {
  private readonly runs;
  private readonly lastSuccess;
  private readonly seconds;
  private readonly pause;
  private readonly bytes;

  constructor(registry: Registry) {
    const labelNames = ['work'] as const;
    const gauge = (name: string, help: string) =>
      new Gauge({ name, help, labelNames, registers: [registry] });
    this.runs = new Counter({
      name: 'ducktail_keep_runs_total',
      help: 'Snapshots, backups and compactions of this service; result is ok or failed.',
      labelNames: ['work', 'result'] as const,
      registers: [registry],
    });
    this.lastSuccess = gauge(
      'ducktail_keep_last_success_timestamp_seconds',
      'When this service last published a snapshot, took a backup, compacted the replica.',
    );
    this.seconds = gauge('ducktail_keep_duration_seconds', 'How long the latest of them took.');
    this.pause = gauge(
      'ducktail_keep_pause_seconds',
      'How long changes waited for the latest of them.',
    );
    this.bytes = gauge('ducktail_keep_bytes', 'The size that the latest of them came to.');
    // A first failure is an increase.
    for (const work of WORKS) {
      for (const result of ['ok', 'failed']) this.runs.inc({ work, result }, 0);
    }
  }

  snapshotPublished(snapshot: KeptCopy): void {
    this.succeeded('snapshot', snapshot);
  }

  backupTaken(backup: KeptCopy): void {
    this.succeeded('backup', backup);
  }

  compacted({ seconds, bytesAfter: bytes }: { seconds: number; bytesAfter: number }): void {
    // The stream is held from its beginning to its end.
    this.succeeded('compaction', { seconds, pauseSeconds: seconds, bytes });
  }

  failed(work: KeepWork): void {
    this.runs.inc({ work, result: 'failed' });
  }

  private succeeded(work: KeepWork, { seconds, pauseSeconds, bytes }: KeptCopy): void {
    this.runs.inc({ work, result: 'ok' });
    this.lastSuccess.setToCurrentTime({ work });
    this.seconds.set({ work }, seconds);
    this.pause.set({ work }, pauseSeconds);
    this.bytes.set({ work }, bytes);
  }
}
