import { setTimeout as delay } from 'node:timers/promises';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Activity } from './activity.js';
import { KeepMetrics } from './keep-metrics.js';
import { QueryMetrics } from './query-metrics.js';
import { ReplicationMetrics } from './replication-metrics.js';
import { SourceMetrics } from './source-metrics.js';
import { StateMetrics } from './state-metrics.js';
import type { WatchedService } from './watched-service.js';

/** Less than Prometheus waits for an answer. */
const READ_MS = 3000;

/** Everything that a service tells Prometheus. */
export class Metrics {
  readonly replication: ReplicationMetrics;
  readonly source: SourceMetrics;
  readonly queries: QueryMetrics;
  readonly keeping: KeepMetrics;
  private readonly registry = new Registry();
  private readonly state: StateMetrics;
  private readonly readable;
  /** Scrapes at the same time share a look at the replica. */
  private reading: Promise<boolean> | null = null;

  constructor(
    service: WatchedService,
    activity: Activity,
    private readonly readMs = READ_MS,
  ) {
    // Memory, CPU, garbage collection and the delay of the event loop, by their usual names.
    collectDefaultMetrics({ register: this.registry });
    this.replication = new ReplicationMetrics(this.registry);
    this.source = new SourceMetrics(this.registry);
    this.queries = new QueryMetrics(this.registry);
    this.keeping = new KeepMetrics(this.registry);
    this.state = new StateMetrics(this.registry, service, activity);
    this.readable = new Gauge({
      name: 'ducktail_replica_readable',
      help: '0: the replica could not be read in time for this, and what is told of it is older.',
      registers: [this.registry],
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** In Prometheus's text format. A replica that can't be read hides nothing else. */
  async text(): Promise<string> {
    this.source.refresh();
    this.state.refresh();
    this.reading ??= this.read().finally(() => (this.reading = null));
    const tooLate = new AbortController();
    const isRead = await Promise.race([
      this.reading,
      delay(this.readMs, false, { signal: tooLate.signal }).catch(() => false),
    ]);
    tooLate.abort();
    this.readable.set(isRead ? 1 : 0);
    return this.registry.metrics();
  }

  private async read(): Promise<boolean> {
    const { counted } = this.replication;
    try {
      const tables = await this.state.read();
      for (const table of counted) if (!tables.has(table)) this.replication.forget(table);
      return true;
    } catch {
      // What is wrong with it, /healthz, the log and `ducktail_errors_total` tell.
      return false;
    }
  }
}
