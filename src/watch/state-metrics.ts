import { Gauge, type Registry } from 'prom-client';
import type { SyncMode } from '../model/sync-result.js';
import type { Activity } from './activity.js';
import type {
  WatchedService,
  WatchedStatus,
  WatchedTable,
  WatchedUsage,
} from './watched-service.js';

const MODES: readonly SyncMode[] = ['full', 'incremental', 'cdc'];

/** How the service stands, read when somebody asks. */
export class StateMetrics {
  private readonly gauges;

  constructor(
    registry: Registry,
    private readonly service: WatchedService,
    private readonly activity: Activity,
  ) {
    this.gauges = defineGauges(registry);
  }

  /** What the process knows. */
  refresh(): void {
    this.showStatus(this.service.status());
    this.showActivity();
  }

  /** What the replica knows. Resolves to the names of its tables. */
  async read(): Promise<ReadonlySet<string>> {
    const [usage, tables] = await Promise.all([this.service.usage(), this.service.tables()]);
    this.showTables(tables);
    this.showUsage(usage);
    const names = new Set(tables.map(({ table }) => table));
    this.activity.retain(names);
    return names;
  }

  private showTables(tables: readonly WatchedTable[]): void {
    const { rows, rejected, quarantined, failed, lastSync } = this.gauges;
    for (const gauge of [rows, rejected, quarantined, failed, lastSync]) gauge.reset();
    for (const { table, ...state } of tables) {
      rows.set({ table }, state.rows);
      rejected.set({ table }, state.rejectedValues);
      quarantined.set({ table }, state.isQuarantined ? 1 : 0);
      failed.set({ table }, state.error === null ? 0 : 1);
      if (state.lastSync !== null) lastSync.set({ table }, Date.parse(state.lastSync) / 1000);
    }
  }

  private showStatus({ state, cdc }: WatchedStatus): void {
    const { lag, sourceTime, position, service } = this.gauges;
    // What is not known has no value.
    for (const gauge of [lag, sourceTime]) gauge.remove();
    for (const gauge of [service, position]) gauge.reset();
    service.set({ state }, 1);
    const { lagSeconds = null, sourceTime: time = null, checkpoint = null } = cdc ?? {};
    if (lagSeconds !== null) lag.set(lagSeconds);
    if (time !== null) sourceTime.set(Date.parse(time) / 1000);
    if (checkpoint !== null) position.set({ file: checkpoint.file }, checkpoint.position);
  }

  private showActivity(): void {
    const { rate, copied } = this.gauges;
    for (const mode of MODES) rate.set({ mode }, this.activity.rowsPerSecond(mode));
    copied.reset();
    for (const { table, state, percent } of this.activity.progress()) {
      if (state === 'copying') copied.set({ table }, percent / 100);
    }
  }

  private showUsage(usage: WatchedUsage): void {
    const { file, wal, free, memory, reader } = this.gauges;
    file.set(usage.fileBytes);
    wal.set(usage.walBytes);
    free.set(usage.freeBytes);
    memory.set(usage.duckdbMemoryBytes);
    reader.set(usage.oldestReaderSeconds);
  }
}

function defineGauges(registry: Registry) {
  const gauge = <const Label extends string>(name: string, help: string, labels: Label[] = []) =>
    new Gauge({ name, help, labelNames: labels, registers: [registry] });
  return {
    rows: gauge('ducktail_table_rows', 'Rows of the table in the replica.', ['table']),
    rejected: gauge(
      'ducktail_table_rejected_values',
      'Values of the table that its columns can not hold: NULL, and recorded.',
      ['table'],
    ),
    quarantined: gauge(
      'ducktail_table_quarantined',
      '1: changes of the table are not applied until it is copied again.',
      ['table'],
    ),
    failed: gauge(
      'ducktail_table_failed',
      '1: the latest attempt at the table has failed, or it is in quarantine.',
      ['table'],
    ),
    lastSync: gauge(
      'ducktail_table_last_sync_timestamp_seconds',
      'When the table was last brought up to date by a copy, its watermark or a change.',
      ['table'],
    ),
    service: gauge('ducktail_service_state', '1 for the state that the service is in.', ['state']),
    lag: gauge(
      'ducktail_lag_seconds',
      'How far the replica is behind the source, as far as is known.',
    ),
    sourceTime: gauge(
      'ducktail_source_commit_timestamp_seconds',
      'When the source committed what was applied last.',
    ),
    position: gauge(
      'ducktail_source_position_bytes',
      "Where the replica is in the source's binlog: the place in the file.",
      ['file'],
    ),
    rate: gauge(
      'ducktail_rows_per_second',
      'Rows that were copied or changed a second, over the last ten.',
      ['mode'],
    ),
    copied: gauge('ducktail_copy_progress_ratio', 'Of a table that is being copied: how far.', [
      'table',
    ]),
    file: gauge('ducktail_file_bytes', 'Size of the DuckDB file.'),
    wal: gauge('ducktail_wal_bytes', 'Size of its write-ahead log.'),
    free: gauge('ducktail_disk_free_bytes', 'What is free on the disk of the file.'),
    memory: gauge('ducktail_duckdb_memory_bytes', 'Memory that DuckDB has in use.'),
    reader: gauge(
      'ducktail_oldest_reader_seconds',
      'For how long the oldest reader has been open, which a checkpoint may have to wait for.',
    ),
  };
}
