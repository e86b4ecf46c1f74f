import type { KeepObserver } from '../model/keep-observer.js';
import type { QueryObserver, ReplicationObserver } from '../model/observers.js';
import type { SyncReporter } from '../model/sync-reporter.js';
import { Activity } from './activity.js';
import { EventHub } from './event-hub.js';
import type { Metrics } from './metrics.js';
import { toldReporter } from './told-reporter.js';
import type { WatchedService } from './watched-service.js';

/** What there is to see of a running service: its metrics and its events. */
export class Watch implements Disposable {
  readonly observer: ReplicationObserver;

  private constructor(
    private readonly activity: Activity,
    readonly metrics: Metrics,
    readonly events: EventHub,
  ) {
    this.observer = tellAll([activity, metrics.replication, metrics.source, events]);
  }

  static async open(service: WatchedService): Promise<Watch> {
    const activity = new Activity();
    // Loaded here alone: other commands have no use for it.
    const { Metrics } = await import('./metrics.js');
    return new Watch(activity, new Metrics(service, activity), new EventHub(service, activity));
  }

  get queries(): QueryObserver {
    return this.metrics.queries;
  }

  get keeping(): KeepObserver {
    return this.metrics.keeping;
  }

  /** Tells `inner` everything that it is told, and whoever watches. */
  reporter(inner: SyncReporter): SyncReporter {
    return toldReporter(this.activity.reporter, toldReporter(this.events.reporter, inner));
  }

  [Symbol.dispose](): void {
    this.events[Symbol.dispose]();
  }
}

function tellAll(observers: readonly Partial<ReplicationObserver>[]): ReplicationObserver {
  return {
    committed: (commit) => observers.forEach((each) => each.committed?.(commit)),
    synced: (sync) => observers.forEach((each) => each.synced?.(sync)),
    settled: () => observers.forEach((each) => each.settled?.()),
    connected: () => observers.forEach((each) => each.connected?.()),
    failed: (failure) => observers.forEach((each) => each.failed?.(failure)),
    quarantined: (table, reason) => observers.forEach((each) => each.quarantined?.(table, reason)),
    retained: (retention) => observers.forEach((each) => each.retained?.(retention)),
  };
}
