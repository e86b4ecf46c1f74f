import { DucktailError, errorMessage, toError } from '../common/errors.js';
import type { Chunk } from '../model/chunk.js';
import type { TablePlan } from '../model/column-plan.js';
import { chunkQuery } from '../source/chunk-planner.js';
import type { Reader } from '../source/reader-pool.js';
import type { SyncReporter } from '../model/sync-reporter.js';
import { type CopyTarget, TableCopy } from './table-copy.js';

export interface PlannedTable {
  readonly plan: TablePlan;
  readonly chunks: readonly Chunk[];
}

/** A table's complete copy, or why there is none. */
export type CopyOutcome =
  | { readonly plan: TablePlan; readonly copy: TableCopy; readonly seconds: number }
  | { readonly plan: TablePlan; readonly error: Error; readonly seconds: number };

/**
 * Copies tables with the readers of one snapshot. Readers take chunk after chunk of the largest
 * unfinished table, several tables at once where readers are free. A table whose reader is lost is
 * read again in the same snapshot as long as another reader sees it; when the last one is lost,
 * `run` rejects, for nothing consistent can be had from this snapshot any more.
 */
export class CopyRun {
  private readonly jobs: CopyJob[];
  private wakeUps: (() => void)[] = [];
  private fatal: Error | null = null;

  constructor(
    tables: readonly PlannedTable[],
    private readonly target: CopyTarget,
    private readonly reporter: SyncReporter,
  ) {
    this.jobs = tables.map((table) => new CopyJob(table));
  }

  async run(readers: readonly Reader[]): Promise<CopyOutcome[]> {
    await Promise.all(readers.map((reader) => this.serve(reader)));
    await Promise.all(this.jobs.map((job) => job.completion));
    if (this.fatal === null && this.jobs.some((job) => job.outcome === null)) {
      this.fatal = new DucktailError('source-unavailable', 'every connection to MySQL was lost');
    }
    if (this.fatal !== null) {
      await this.discard();
      throw this.fatal;
    }
    return this.jobs.flatMap((job) => (job.outcome === null ? [] : [job.outcome]));
  }

  private async discard(): Promise<void> {
    for (const job of this.jobs) {
      await job.copy?.then((copy) => copy.abandon()).catch(() => undefined);
    }
  }

  /** A reader's life: chunk after chunk until every table is settled or the reader is lost. */
  private async serve(reader: Reader): Promise<void> {
    let current: Reading | null = null;
    while (this.fatal === null && reader.isAlive) {
      const job = this.pick(current?.job ?? null);
      if (current !== null && current.job !== job) {
        await this.leave(reader, current);
        current = null;
      } else if (job !== null) {
        current = await this.readChunk(reader, job, current);
      } else if (this.jobs.every((each) => each.outcome !== null)) {
        return;
      } else {
        await new Promise<void>((resolve) => this.wakeUps.push(resolve));
      }
    }
    this.wake();
  }

  /** The reader's own table while it has chunks left, else the largest that has. */
  private pick(current: CopyJob | null): CopyJob | null {
    if (current?.hasWork === true) return current;
    return this.jobs.find((job) => job.hasWork) ?? null;
  }

  private async readChunk(
    reader: Reader,
    job: CopyJob,
    current: Reading | null,
  ): Promise<Reading | null> {
    let copy: TableCopy;
    try {
      if (!job.isStarted) this.reporter.tableStarted(job.plan.schema.name);
      copy = await job.start(this.target);
    } catch (error) {
      this.failTable(job, error);
      return null;
    }
    const reading = current?.copy === copy ? current : { job, copy };
    const chunk = copy.takeChunk();
    if (chunk === undefined) {
      // Another reader took the last one while the copy was being set up.
      job.chunksTaken(copy);
      return current === null ? null : reading;
    }
    copy.readers.add(reader);
    if (!copy.hasChunks) job.chunksTaken(copy);
    try {
      await reader.readChunk(copy.readerTable, chunkQuery(job.plan.schema, chunk), (batch) => {
        copy.accept(batch, reader);
      });
      return reading;
    } catch (error) {
      this.handleReadError(reader, reading, error);
      return null;
    }
  }

  private async leave(reader: Reader, { job, copy }: Reading): Promise<void> {
    try {
      await reader.flush();
    } catch (error) {
      this.handleReadError(reader, { job, copy }, error);
      return;
    }
    copy.readers.delete(reader);
    if (job.isCurrent(copy) && copy.readers.size === 0 && !copy.hasChunks) {
      job.completion = this.complete(job, copy);
    }
  }

  private async complete(job: CopyJob, copy: TableCopy): Promise<void> {
    try {
      await copy.finish();
      job.succeed(copy);
      this.reporter.tableFinished(job.plan.schema.name, copy.rows, job.seconds);
    } catch (error) {
      await this.handleWriteError(job, copy, error);
    }
    this.wake();
  }

  private handleReadError(reader: Reader, { job, copy }: Reading, error: unknown): void {
    copy.readers.delete(reader);
    if (!job.isCurrent(copy)) return;
    const code = error instanceof DucktailError ? error.code : null;
    if (code === 'source-unavailable' || code === 'worker-lost') {
      this.restart(job, copy, errorMessage(error), job.useInserts);
    } else if (code === 'table-changed' || code === 'table-failed') {
      this.failTable(job, error);
    } else {
      this.stop(error);
    }
  }

  /**
   * Values too large for DuckDB's memory get more of it; a fast path that fails for this table alone
   * is left for INSERT. Either way the table is read again.
   */
  private async handleWriteError(job: CopyJob, copy: TableCopy, error: unknown): Promise<void> {
    if (!job.isCurrent(copy)) return;
    const code = error instanceof DucktailError ? error.code : null;
    if (code === 'target-memory') await this.restartWithMemory(job, copy, error);
    else if (code !== null && code !== 'table-failed') this.stop(error);
    else if (job.useInserts) this.failTable(job, error);
    else {
      const { name } = job.plan.schema;
      this.reporter.warning(
        `${name}: the Appender failed (${errorMessage(error)}); reading it again with INSERT`,
      );
      this.restart(job, copy, 'with INSERT', true);
    }
  }

  private async restartWithMemory(job: CopyJob, copy: TableCopy, error: unknown): Promise<void> {
    const more = await this.target.database.provideMemory();
    if (more === null) {
      this.failTable(job, error);
      return;
    }
    const { name } = job.plan.schema;
    this.reporter.warning(
      `${name}: there was too little memory for its values; ${more.how}`,
      more.hint,
    );
    this.restart(job, copy, 'with more memory', job.useInserts);
  }

  private restart(job: CopyJob, copy: TableCopy, why: string, useInserts: boolean): void {
    job.reset(useInserts);
    job.completion = copy.abandon().catch((error: unknown) => {
      this.stop(error);
    });
    this.reporter.tableRestarted(job.plan.schema.name, why);
    this.wake();
  }

  private failTable(job: CopyJob, error: unknown): void {
    const failure = toError(error);
    const copy = job.copy;
    job.fail(failure);
    job.completion = Promise.resolve(copy)
      .then((started) => started?.abandon())
      .catch(() => undefined);
    this.reporter.tableFailed(job.plan.schema.name, failure);
    this.wake();
  }

  private stop(error: unknown): void {
    this.fatal ??= toError(error);
    this.wake();
  }

  private wake(): void {
    for (const wakeUp of this.wakeUps.splice(0)) wakeUp();
  }
}

/** What a reader is at. */
interface Reading {
  readonly job: CopyJob;
  readonly copy: TableCopy;
}

class CopyJob {
  readonly plan: TablePlan;
  copy: Promise<TableCopy> | null = null;
  completion: Promise<void> = Promise.resolve();
  outcome: CopyOutcome | null = null;
  useInserts = false;
  private current: TableCopy | null = null;
  private areChunksTaken = false;
  private startedAt = 0;

  constructor(private readonly table: PlannedTable) {
    this.plan = table.plan;
  }

  get hasWork(): boolean {
    return this.outcome === null && !this.areChunksTaken;
  }

  get isStarted(): boolean {
    return this.startedAt !== 0;
  }

  get seconds(): number {
    return this.startedAt === 0 ? 0 : (performance.now() - this.startedAt) / 1000;
  }

  /** Sets the copy up, once however many readers ask. */
  start(target: CopyTarget): Promise<TableCopy> {
    if (this.startedAt === 0) this.startedAt = performance.now();
    this.copy ??= TableCopy.start(this.plan, this.table.chunks, target, this.useInserts).then(
      (copy) => (this.current = copy),
    );
    return this.copy;
  }

  isCurrent(copy: TableCopy): boolean {
    return this.current === copy && this.outcome === null;
  }

  chunksTaken(copy: TableCopy): void {
    if (this.isCurrent(copy)) this.areChunksTaken = true;
  }

  succeed(copy: TableCopy): void {
    this.outcome = { plan: this.plan, copy, seconds: this.seconds };
  }

  fail(error: Error): void {
    this.outcome = { plan: this.plan, error, seconds: this.seconds };
    this.current = null;
  }

  reset(useInserts: boolean): void {
    this.copy = null;
    this.current = null;
    this.areChunksTaken = false;
    this.useInserts = useInserts;
  }
}
