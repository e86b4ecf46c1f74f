import { Counter, Histogram, type Registry } from 'prom-client';
import type { ErrorCode } from '../common/errors.js';
import type {
  ObservedCommit,
  ObservedFailure,
  ObservedRows,
  ObservedSync,
  ReplicationObserver,
} from '../model/observers.js';
import type { SyncMode } from '../model/sync-result.js';
import { codeOf } from './failure-code.js';

/** Seconds; a batch waits for CDC_MAX_BATCH_MS, and a replica that has fallen behind for hours. */
const LAG_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86_400];
const APPLY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];

/** What replication usually fails with; told before there is one, so that a first one is an increase. */
const ERRORS: readonly (ErrorCode | 'bug')[] = [
  'source-unavailable',
  'source-unsuitable',
  'history-lost',
  'table-changed',
  'table-failed',
  'target-full',
  'target-memory',
  'target-failed',
  'worker-lost',
  'bug',
];
const MODES: readonly SyncMode[] = ['full', 'incremental', 'cdc'];
const CHANGES = ['insert', 'update', 'delete'] as const;

/** Counts what replication does. */
export class ReplicationMetrics implements Partial<ReplicationObserver> {
  private readonly rows;
  private readonly bytes;
  private readonly batches;
  private readonly applySeconds;
  private readonly commitLag;
  private readonly syncs;
  private readonly errors;
  private readonly quarantines;
  /** Tables with counts of their own. */
  private readonly tables = new Set<string>();

  constructor(registry: Registry) {
    const registers = [registry];
    this.rows = new Counter({
      name: 'ducktail_rows_total',
      help: 'Rows that changed in the replica, as of their commit; change is insert, update or delete.',
      labelNames: ['table', 'mode', 'change'] as const,
      registers,
    });
    this.bytes = new Counter({
      name: 'ducktail_read_bytes_total',
      help: 'Bytes of the values that were read from the source for the rows of ducktail_rows_total.',
      labelNames: ['table', 'mode'] as const,
      registers,
    });
    this.batches = new Counter({
      name: 'ducktail_batches_total',
      help: 'Commits of the stream of changes that changed a table.',
      registers,
    });
    this.applySeconds = new Histogram({
      name: 'ducktail_apply_duration_seconds',
      help: 'What applying such a batch took, its commit included.',
      buckets: APPLY_BUCKETS,
      registers,
    });
    this.commitLag = new Histogram({
      name: 'ducktail_commit_lag_seconds',
      help: "From the commit of a batch's last transaction at the source to its commit in the replica.",
      buckets: LAG_BUCKETS,
      registers,
    });
    this.syncs = new Counter({
      name: 'ducktail_table_syncs_total',
      help: 'Tables that were copied whole or followed by their watermark; result is ok or failed.',
      labelNames: ['mode', 'result'] as const,
      registers,
    });
    this.errors = new Counter({
      name: 'ducktail_errors_total',
      help: 'Attempts at replicating, or at syncing a table, that have failed.',
      labelNames: ['code'] as const,
      registers,
    });
    this.quarantines = new Counter({
      name: 'ducktail_quarantines_total',
      help: 'Tables that were left out of the stream until they are copied again.',
      labelNames: ['table'] as const,
      registers,
    });
    for (const code of ERRORS) this.errors.inc({ code }, 0);
    for (const mode of ['full', 'incremental']) {
      for (const result of ['ok', 'failed']) this.syncs.inc({ mode, result }, 0);
    }
  }

  /** Tables that have something to tell: what was counted is in the replica. */
  get counted(): ReadonlySet<string> {
    return new Set(this.tables);
  }

  /** A table that is gone is not told of for ever. */
  forget(table: string): void {
    this.tables.delete(table);
    this.quarantines.remove({ table });
    for (const mode of MODES) {
      this.bytes.remove({ table, mode });
      for (const change of CHANGES) this.rows.remove({ table, mode, change });
    }
  }

  committed({ tables, seconds, sourceTimeMs }: ObservedCommit): void {
    if (tables.length === 0) return;
    for (const rows of tables) this.count(rows, 'cdc');
    this.batches.inc();
    this.applySeconds.observe(seconds);
    // The clocks of two machines may differ.
    if (sourceTimeMs !== null) {
      this.commitLag.observe(Math.max(0, Date.now() - sourceTimeMs) / 1000);
    }
  }

  synced(sync: ObservedSync): void {
    const { mode, error } = sync;
    this.syncs.inc({ mode, result: error === null ? 'ok' : 'failed' });
    if (error === null) this.count(sync, mode);
    else this.errors.inc({ code: codeOf(error) });
  }

  failed({ code }: ObservedFailure): void {
    this.errors.inc({ code: code ?? 'bug' });
  }

  quarantined(table: string): void {
    this.tables.add(table);
    this.quarantines.inc({ table });
  }

  private count({ table, inserted, updated, deleted, bytes }: ObservedRows, mode: SyncMode): void {
    this.tables.add(table);
    const changes = { insert: inserted, update: updated, delete: deleted };
    for (const change of CHANGES) {
      if (changes[change] > 0) this.rows.inc({ table, mode, change }, changes[change]);
    }
    if (bytes > 0) this.bytes.inc({ table, mode }, Math.round(bytes));
  }
}
