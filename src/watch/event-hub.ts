import {
  describeFailure,
  type ObservedCommit,
  type ObservedFailure,
  type ObservedSync,
  type ReplicationObserver,
} from '../model/observers.js';
import type { SyncReporter } from '../model/sync-reporter.js';
import type { SyncMode } from '../model/sync-result.js';
import type { Activity } from './activity.js';
import { EventStream, eventText } from './event-stream.js';
import { Happenings } from './happenings.js';
import type { AppliedRows, EventName, Problem, ServiceEvents } from './service-event.js';
import type { WatchedService } from './watched-service.js';

const TICK_MS = 1000;
/** In ticks: what is looked at though nothing tells of a change, and signs of life. */
const LOOK_TICKS = 5;
const BEAT_TICKS = 15;
/** Clients at once. */
const MAX_CLIENTS = 32;
/** When a browser's EventSource tries again. */
const RETRY_TEXT = 'retry: 2000\n\n';

/**
 * Tells clients what the service does. What comes often is gathered and told once a second; while
 * there are no clients nothing is looked at.
 */
export class EventHub implements Partial<ReplicationObserver>, Disposable {
  private readonly clients = new Set<EventStream>();
  private readonly applied = new Map<string, AppliedRows>();
  private readonly happenings = new Happenings();
  /** As they were told last. */
  private readonly tables = new Map<string, string>();
  private readonly progress = new Map<string, string>();
  private status = '';
  private timer: NodeJS.Timeout | undefined;
  private ticks = 0;
  private hasNews = true;
  private isLooking = false;
  private isClosed = false;

  constructor(
    private readonly service: WatchedService,
    private readonly activity: Activity,
    private readonly maxClients = MAX_CLIENTS,
  ) {}

  /**
   * A new client's events, from how things stand now on; null: there are too many already. `lastId`:
   * of what has happened, one that was here before has heard of everything up to there.
   */
  open(lastId: string | null = null): EventStream | null {
    if (this.isClosed || this.clients.size >= this.maxClients) return null;
    const client = new EventStream();
    client.once('close', () => {
      this.leave(client);
    });
    this.greet(client, lastId);
    this.clients.add(client);
    this.timer ??= setInterval(() => {
      this.tick();
    }, TICK_MS);
    this.hasNews = true;
    void this.look();
    return client;
  }

  committed({ tables }: ObservedCommit): void {
    for (const { table, ...rows } of tables) this.gather(table, 'cdc', rows);
  }

  synced({ table, mode, error, ...rows }: ObservedSync): void {
    if (error === null && mode === 'incremental') this.gather(table, mode, rows);
    this.hasNews = true;
  }

  settled(): void {
    this.hasNews = true;
  }

  connected(): void {
    this.hasNews = true;
  }

  failed({ code, message, hint }: ObservedFailure): void {
    const at = now();
    this.tellProblem({ level: 'error', code, message, hint: hint ?? null, table: null, at });
  }

  quarantined(table: string, reason: string): void {
    this.hasNews = true;
    this.write(this.happenings.note('quarantine', { table, reason, at: now() }));
  }

  /** What a sync's reporter tells of what went wrong. */
  readonly reporter: Partial<SyncReporter> = {
    tableFailed: (table, error) => {
      this.tellProblem({ ...describe(error), table });
    },
    warning: (message, hint) => {
      this.warn(message, hint);
    },
  };

  warn(message: string, hint: string | null = null): void {
    this.tellProblem({ level: 'warning', code: null, message, hint, table: null, at: now() });
  }

  /** Ends what clients read. */
  [Symbol.dispose](): void {
    this.isClosed = true;
    clearInterval(this.timer);
    for (const client of this.clients) client.end();
    this.clients.clear();
  }

  private leave(client: EventStream): void {
    this.clients.delete(client);
    if (this.clients.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.applied.clear();
  }

  /** How things stand, as it was told the others; the rest comes with the next look. */
  private greet(client: EventStream, lastId: string | null): void {
    const isFirst = this.clients.size === 0;
    if (isFirst) {
      // Nobody has heard of what was told.
      this.tables.clear();
      this.progress.clear();
      this.activity.forgetEnded();
    }
    client.write(RETRY_TEXT + eventText('status', this.service.status()));
    for (const told of this.tables.values()) client.write(told);
    for (const progress of this.activity.progress()) {
      client.write(eventText('progress', progress));
    }
    for (const [table, rowsPerSecond] of this.activity.histories()) {
      client.write(eventText('throughput', { table, rowsPerSecond }));
    }
    client.write(this.happenings.since(lastId));
  }

  private tick(): void {
    this.ticks += 1;
    for (const rows of this.applied.values()) this.tell('applied', rows);
    this.applied.clear();
    this.tellProgress();
    this.tellStatus(this.ticks % LOOK_TICKS === 0);
    if (this.hasNews || this.ticks % LOOK_TICKS === 0) void this.look();
    if (this.ticks % BEAT_TICKS === 0) this.write(':\n\n');
  }

  private tellProgress(): void {
    for (const progress of this.activity.progress()) {
      const told = JSON.stringify(progress);
      if (this.progress.get(progress.table) === told) continue;
      this.progress.set(progress.table, told);
      this.tell('progress', progress);
    }
    this.activity.forgetEnded();
  }

  private tellStatus(always: boolean): void {
    const status = this.service.status();
    const told = JSON.stringify(status);
    if (told === this.status && !always) return;
    this.status = told;
    this.tell('status', status);
  }

  /** Reads the tables and tells of those that are not as they were told last. */
  private async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    this.hasNews = false;
    try {
      const found = await this.service.tables();
      const names = new Set(found.map(({ table }) => table));
      for (const table of this.tables.keys()) {
        if (names.has(table)) continue;
        this.tables.delete(table);
        this.tell('gone', { table });
      }
      this.activity.retain(names);
      for (const table of found) {
        const told = eventText('table', table);
        if (this.tables.get(table.table) === told) continue;
        this.tables.set(table.table, told);
        this.write(told);
      }
    } catch (error) {
      // A replica that can't be read ends the service, or is read by the next look.
      if (!this.isClosed) this.tellProblem(describe(error));
    } finally {
      this.isLooking = false;
    }
  }

  private gather(table: string, mode: SyncMode, rows: Omit<AppliedRows, 'table' | 'mode'>): void {
    this.hasNews = true;
    if (this.clients.size === 0) return;
    const { inserted = 0, updated = 0, deleted = 0 } = this.applied.get(table) ?? {};
    this.applied.set(table, {
      table,
      mode,
      inserted: inserted + rows.inserted,
      updated: updated + rows.updated,
      deleted: deleted + rows.deleted,
    });
  }

  private tellProblem(problem: Problem): void {
    this.hasNews = true;
    this.write(this.happenings.note('problem', problem));
  }

  private tell<Name extends EventName>(name: Name, data: ServiceEvents[Name]): void {
    this.write(eventText(name, data));
  }

  private write(text: string): void {
    for (const client of this.clients) client.write(text);
  }
}

function now(): string {
  return new Date().toISOString();
}

function describe(error: unknown): Problem {
  const { code, message, hint } = describeFailure(error);
  return { level: 'error', code, message, hint: hint ?? null, table: null, at: now() };
}
