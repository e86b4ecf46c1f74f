import assert from 'node:assert/strict';
import type { SyncResult, TableSyncResult } from '../../../src/model/sync-result.js';
import { assertSameData, type CompareOptions, sameDataByTable } from '../../helpers/compare.js';
import { type DucktailRun, runDucktail } from '../../helpers/ducktail.js';
import { Replica } from '../../helpers/replica.js';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource, type TextRow } from '../../helpers/test-source.js';
import type { Flavour, TestServer } from '../../servers/test-server.js';

export type Variables = Readonly<Record<string, string>>;

/** The entries of a sync's result by table. */
export class SyncedTables {
  private readonly entries: ReadonlyMap<string, TableSyncResult>;

  constructor(
    result: SyncResult,
    readonly run: DucktailRun,
  ) {
    this.entries = new Map(result.tables.map((entry) => [entry.table, entry]));
  }

  get(table: string): TableSyncResult {
    const entry = this.entries.get(table);
    assert.ok(entry, `no entry for ${table}: ${this.run.stdout}`);
    return entry;
  }

  all(): TableSyncResult[] {
    return [...this.entries.values()];
  }
}

/** A source with a replica of it. */
export class SyncedCopy implements AsyncDisposable {
  /** By schema and table, as the last sync told them. */
  private readonly watermarks = new Map<string, string | null>();

  private constructor(
    readonly source: TestSource,
    private readonly folder: TempFolder,
    private readonly variables: Variables,
  ) {}

  static async open(
    flavour: Flavour,
    variables: Variables = {},
    server?: TestServer,
  ): Promise<SyncedCopy> {
    const source = await TestSource.open(flavour, server);
    return new SyncedCopy(source, await TempFolder.open(), variables);
  }

  get duckdbPath(): string {
    return this.folder.file('replica.duckdb');
  }

  get env(): Variables {
    return {
      MYSQL_URL: this.source.url,
      DUCKDB_PATH: this.duckdbPath,
      WORKER_THREADS: '1',
      ...this.variables,
    };
  }

  /** Runs `ducktail sync`, which has to succeed with all tables, and holds its figures together. */
  async sync(args: readonly string[] = [], variables: Variables = {}): Promise<SyncedTables> {
    const run = await runDucktail(['sync', '--json', ...args], { ...this.env, ...variables });
    assert.equal(run.exitCode, 0, `${run.stderr}\n${run.stdout}`);
    return this.taken(run, variables.TARGET_SCHEMA);
  }

  /** What a run says, its figures held together and with those of the runs before. */
  taken(run: DucktailRun, schema = 'main'): SyncedTables {
    const synced = new SyncedTables(run.json<SyncResult>(), run);
    for (const entry of synced.all()) if (entry.error === null) this.checkFigures(entry, schema);
    return synced;
  }

  /** A sync that finds every table as the last one left it. */
  async syncAgain(args: readonly string[] = [], variables: Variables = {}): Promise<SyncedTables> {
    const synced = await this.sync(args, variables);
    for (const { table, mode, inserted, updated, deleted } of synced.all()) {
      assert.deepEqual(
        { table, mode, inserted, updated, deleted },
        { table, mode: 'incremental', inserted: 0, updated: 0, deleted: 0 },
      );
    }
    return synced;
  }

  async assertSame(options: CompareOptions = {}): Promise<void> {
    await assertSameData(this.source, this.duckdbPath, options);
  }

  /** What it returns fails for a table that differs; the tables are compared now. */
  compared(options: CompareOptions = {}): Promise<(table: string) => void> {
    return sameDataByTable(this.source, this.duckdbPath, options);
  }

  /** Rows of the replica; every column of the query has to be a VARCHAR. */
  async texts(sql: string): Promise<TextRow[]> {
    using replica = await Replica.open(this.duckdbPath);
    return await replica.texts(sql);
  }

  /** The watermark that is stored with the table's data. */
  async storedWatermark(table: string): Promise<string | null> {
    const rows = await this.texts(
      `SELECT value FROM _ducktail.watermarks WHERE table_name = '${table.replaceAll("'", "''")}'`,
    );
    assert.equal(rows.length, 1, `${rows.length} watermarks of ${table}`);
    return rows[0][0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
    await this.source[Symbol.asyncDispose]();
  }

  private checkFigures(entry: TableSyncResult, schema: string): void {
    const table = `${schema}.${entry.table}`;
    const { mode, rows, inserted, updated, unchanged, oldWatermark, newWatermark } = entry;
    if (mode === 'incremental') {
      assert.equal(rows, inserted + updated + unchanged, JSON.stringify(entry));
      if (this.watermarks.has(table)) {
        assert.equal(oldWatermark, this.watermarks.get(table), JSON.stringify(entry));
      }
    }
    this.watermarks.set(table, newWatermark);
  }
}

/** A date and time as both databases print it, without zeros at the end of its fraction. */
export function plainTime(text: string | null): string | null {
  return text === null ? null : text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
}
