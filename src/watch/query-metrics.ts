import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ErrorCode } from '../common/errors.js';
import type { QueryObserver } from '../model/observers.js';

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Ends that are common enough to be told before there is one: a first one is an increase. */
const RESULTS = ['ok', 'refused', 'aborted', 'query-failed', 'query-limit'];

/** Counts queries. */
export class QueryMetrics implements QueryObserver {
  private readonly queries;
  private readonly seconds;
  private readonly waiting;
  private readonly running;

  constructor(registry: Registry) {
    const registers = [registry];
    this.queries = new Counter({
      name: 'ducktail_queries_total',
      help: 'Queries on the replica that have ended; result is ok, refused (no turn), or what went wrong.',
      labelNames: ['result'] as const,
      registers,
    });
    this.seconds = new Histogram({
      name: 'ducktail_query_duration_seconds',
      help: 'From the start of a query to the last of its rows, without the time in the queue.',
      buckets: BUCKETS,
      registers,
    });
    this.waiting = new Gauge({
      name: 'ducktail_queries_queued',
      help: 'Queries that wait for their turn.',
      registers,
    });
    this.running = new Gauge({
      name: 'ducktail_queries_running',
      help: 'Queries that are running.',
      registers,
    });
    for (const result of RESULTS) this.queries.inc({ result }, 0);
  }

  queued(): void {
    this.waiting.inc();
  }

  started(): void {
    this.waiting.dec();
    this.running.inc();
  }

  refused(): void {
    this.waiting.dec();
    this.queries.inc({ result: 'refused' });
  }

  finished(seconds: number, code: ErrorCode | 'bug' | null): void {
    this.running.dec();
    this.seconds.observe(seconds);
    this.queries.inc({ result: code ?? 'ok' });
  }
}
