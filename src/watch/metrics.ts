import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Activity } from './activity.js';
import { KeepMetrics } from './keep-metrics.js';
import { QueryMetrics } from './query-metrics.js';
import { ReplicationMetrics } from './replication-metrics.js';
import { SourceMetrics } from './source-metrics.js';
import { StateMetrics } from './state-metrics.js';
import type { WatchedService } from './watched-service.js';

/** Everything that a service tells Prometheus. */
export class Metrics {
  readonly replication: ReplicationMetrics;
  readonly source: SourceMetrics;
  readonly queries: QueryMetrics;
  readonly keeping: KeepMetrics;
  private readonly registry = new Registry();
  private readonly state: StateMetrics;

  constructor(service: WatchedService, activity: Activity) {
    // Memory, CPU, garbage collection and the delay of the event loop, by their usual names.
    collectDefaultMetrics({ register: this.registry });
    this.replication = new ReplicationMetrics(this.registry);
    this.source = new SourceMetrics(this.registry);
    this.queries = new QueryMetrics(this.registry);
    this.keeping = new KeepMetrics(this.registry);
    this.state = new StateMetrics(this.registry, service, activity);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** In Prometheus's text format. */
  async text(): Promise<string> {
    this.source.refresh();
    await this.state.refresh();
    return this.registry.metrics();
  }
}
