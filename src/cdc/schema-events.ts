import type { Checkpoint } from '../model/checkpoint.js';
import { forgetTable, renameTableState } from '../state/replicated-tables.js';
import { dropTable, qualifiedName, renameTable } from '../target/ddl.js';
import type { AlteredEffect } from './alter-statement.js';
import type { CdcContext } from './context.js';
import type { StreamTables } from './stream-tables.js';
import type { TableCopies } from './table-copies.js';
import type { QualifiedName } from './statement-reader.js';
import { type TableEffect, tableEffect } from './table-statement.js';

/** A statement of the binlog that may change tables. */
export interface SchemaEvent {
  readonly statement: string;
  /** The session's default database. */
  readonly database: string;
  /** Behind the statement. */
  readonly checkpoint: Checkpoint;
}

/** Why a table has to be copied again, by its name. */
type Copies = Map<string, string>;

/**
 * Carries statements over to the replica while the stream is held. What a statement says for sure
 * (DROP, TRUNCATE, RENAME) is done in the transaction that records its position. Where rows or
 * columns may have changed in a way that only the source knows, the table is copied again, with a
 * position of its own from which it goes on. Text that is not understood counts as such a change.
 */
export class SchemaEvents {
  private readonly mismatches: Copies = new Map();

  constructor(
    private readonly context: CdcContext,
    private readonly tables: StreamTables,
    private readonly copies: TableCopies,
  ) {}

  /** Commits what is staged together with what the statement does; copies go on beside the stream. */
  async handle(event: SchemaEvent, sourceTimeMs: number | null): Promise<void> {
    const { applier } = this.context;
    const effect = tableEffect(event.statement, event.database);
    const copies: Copies = new Map();
    await applier.commit({ checkpoint: event.checkpoint, sourceTimeMs }, async () => {
      await this.apply(effect, event, copies);
      await this.leaveOut(copies);
    });
    if (effect.kind !== 'none') await this.readForeignKeys();
    await applier.setTables(this.tables.all);
    void this.copies.copy([...copies.keys()]);
  }

  /**
   * The stream describes a table otherwise than its plan does: it takes no part from here on. That is
   * within a transaction, with whose commit it is recorded.
   */
  noteMismatch(id: number, reason: string): void {
    const name = this.tables.findById(id)?.plan.schema.name;
    if (name !== undefined) this.noteStale(name, reason);
  }

  /** The same for a table that can't be kept up to date by what the stream tells. */
  noteStale(name: string, reason: string): void {
    this.tables.remove(name);
    this.mismatches.set(name, reason);
  }

  /** Tables that lack what was committed: they take no part from here on, likewise. */
  noteIncomplete(names: readonly string[], reason: string): void {
    for (const name of names) {
      if (this.tables.find(name) !== undefined) this.noteStale(name, reason);
    }
  }

  get hasMismatches(): boolean {
    return this.mismatches.size > 0;
  }

  /** Within the transaction of a commit. */
  recordMismatches(): Promise<void> {
    return this.leaveOut(this.mismatches);
  }

  /** After it. */
  async copyMismatches(): Promise<void> {
    const names = [...this.mismatches.keys()];
    this.mismatches.clear();
    await this.context.applier.setTables(this.tables.all);
    void this.copies.mend(names);
  }

  private async readForeignKeys(): Promise<void> {
    const plans = this.tables.all.map(({ plan }) => plan);
    this.tables.useForeignKeys(await this.context.readForeignKeys(plans));
  }

  private async leaveOut(copies: Copies): Promise<void> {
    for (const [name, why] of copies) {
      this.context.reporter.info(`${name}: copied again, because ${why}`);
      await this.copies.leaveOut([name], why);
    }
  }

  /** Within the transaction of the statement's position. Tables to be copied go to `copies`. */
  private async apply(effect: TableEffect, event: SchemaEvent, copies: Copies): Promise<void> {
    const mark = (tables: readonly QualifiedName[], why: string): void => {
      for (const name of this.concerned(tables, event)) copies.set(name, why);
    };
    switch (effect.kind) {
      case 'none':
        return;
      case 'created':
        // IF NOT EXISTS is logged for tables that are there, too.
        mark(
          effect.tables.filter(
            ({ name }) => effect.replaces || this.tables.find(name) === undefined,
          ),
          'it was created',
        );
        return;
      case 'dropped':
        for (const name of this.concerned(effect.tables, event)) await this.drop(name, copies);
        return;
      case 'database-dropped':
        if (effect.database !== this.context.sourceDatabase) return;
        for (const { plan } of this.tables.all) await this.drop(plan.schema.name, copies);
        return;
      case 'truncated':
        for (const name of this.concerned(effect.tables, event)) await this.truncate(name, copies);
        return;
      case 'renamed':
        for (const { from, to } of effect.renames) await this.rename(from, to, event, copies);
        return;
      case 'altered':
        if (effect.renamedTo !== null) {
          await this.rename(effect.table, effect.renamedTo, event, copies);
        }
        if (!this.isHarmless(effect) || this.concernsForeignKeys(event)) {
          const other = effect.other === null ? [] : [effect.other];
          mark([effect.renamedTo ?? effect.table, ...other], 'it was altered');
        }
        return;
      case 'rows':
        this.tellUnsafe(effect.tables);
        mark(effect.tables ?? this.everyTable(), 'a change of it was logged as a statement');
        return;
      case 'unknown':
        mark(this.mentioned(event.statement), 'a statement that is not understood names it');
    }
  }

  /**
   * They were read as they are now, and may be ahead of the stream: what a new or a dropped one did
   * or did not do since then is doubtful.
   */
  private concernsForeignKeys({ statement }: SchemaEvent): boolean {
    return !this.tables.logsCascades && /foreign|references/i.test(statement);
  }

  /** By another name than it had when they were read, rows of other tables may have been missed. */
  private isConnected(name: string): boolean {
    return this.tables.foreignKeys.some(
      ({ childTable, parentTable }) => childTable === name || parentTable === name,
    );
  }

  /** Without its index the key does not tell rows apart any more. */
  private isHarmless({ harmless, table, renamedTo, indexes }: AlteredEffect): boolean {
    const key = this.tables.find((renamedTo ?? table).name)?.plan.schema.key ?? null;
    return harmless && (key === null || !indexes.includes(key.indexName));
  }

  /** Those of the tables that are to be replicated and that the statement is news for. */
  private concerned(tables: readonly QualifiedName[], { checkpoint }: SchemaEvent): string[] {
    const { sourceDatabase, isWanted } = this.context;
    return tables
      .filter(({ database, name }) => database === sourceDatabase && isWanted(name))
      .map(({ name }) => name)
      .filter((name) => !this.tables.isBefore(name, checkpoint));
  }

  private everyTable(): QualifiedName[] {
    return this.tables.all.map(({ plan: { schema } }) => ({
      database: schema.database,
      name: schema.name,
    }));
  }

  private mentioned(statement: string): QualifiedName[] {
    const text = statement.toLowerCase();
    return this.everyTable().filter(({ name }) => text.includes(name.toLowerCase()));
  }

  private tellUnsafe(tables: readonly QualifiedName[] | null): void {
    const names = tables?.map(({ name }) => name).join(', ') ?? 'all tables';
    this.context.reporter.warning(
      `a change was logged as a statement, not as rows: ${names}`,
      'Set binlog_format=ROW for every session of the source.',
    );
  }

  private async drop(name: string, copies: Copies): Promise<void> {
    const { database, targetSchema, reporter } = this.context;
    await dropTable(database, targetSchema, name);
    await forgetTable(database, targetSchema, name);
    this.tables.remove(name);
    copies.delete(name);
    reporter.info(`${name}: dropped, as at the source`);
  }

  /** A table whose copy is under way has rows staged from before: it is copied anew instead. */
  private async truncate(name: string, copies: Copies): Promise<void> {
    const { database, targetSchema, reporter } = this.context;
    const table = this.tables.find(name);
    if (table === undefined) return;
    if (table.isBeingCopied) {
      copies.set(name, 'it was truncated while it was copied');
      return;
    }
    await database.run(`DELETE FROM ${qualifiedName(database, targetSchema, name)}`);
    this.context.applier.noteChanged(table.id);
    reporter.info(`${name}: truncated, as at the source`);
  }

  private async rename(
    from: QualifiedName,
    to: QualifiedName,
    event: SchemaEvent,
    copies: Copies,
  ): Promise<void> {
    const { database, targetSchema, sourceDatabase, isWanted, reporter } = this.context;
    const isOurs = ({ database: of, name }: QualifiedName): boolean =>
      of === sourceDatabase && isWanted(name);
    // A copy that is newer than the statement is of what has the name now.
    const isNews = (table: QualifiedName): boolean =>
      isOurs(table) && !this.tables.isBefore(table.name, event.checkpoint);
    const table = isNews(from) ? this.tables.find(from.name) : undefined;
    const isLive = table !== undefined && !table.isBeingCopied && !copies.has(from.name);
    const isDoubtful = this.isConnected(from.name) || this.isConnected(to.name);
    if (isLive && isNews(to) && !isDoubtful) {
      await renameTable(database, targetSchema, from.name, to.name);
      await renameTableState(database, targetSchema, from.name, to.name);
      this.tables.rename(from.name, to.name);
      reporter.info(`${from.name}: renamed to ${to.name}, as at the source`);
      return;
    }
    if (isNews(from)) await this.drop(from.name, copies);
    if (isNews(to)) copies.set(to.name, `${from.name} was renamed to it`);
  }
}
