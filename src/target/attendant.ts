import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { errorMessage } from '../common/errors.js';
import { quoteDuckdbText } from '../common/identifiers.js';
import { Turns } from '../common/turns.js';
import type { Row } from './database.js';
import { MemoryLimit } from './memory-limit.js';
import type { ReaderGate } from './reader-gate.js';

/** What DuckDB makes of a database file. */
const FILE_ENDS = ['', '.wal', '.wal.checkpoint', '.wal.recovery'];

/** What a running service changes itself; the other settings are locked. */
const OWN_SETTINGS = ['checkpoint_threshold', 'memory_limit', 'threads'];

export interface AttendedInstance {
  readonly connect: () => Promise<DuckDBConnection>;
  readonly guard: <T>(work: () => Promise<T>) => Promise<T>;
  /** Closed while there is no instance. */
  readonly gate: ReaderGate;
  /** As DuckDB prints it. */
  readonly memoryLimit: string;
  /** A database file beside the replica that may always be opened. */
  readonly ownFile: string;
}

/** Looks at DuckDB itself and sets it up, on a connection of its own, which waits for no writer. */
export class Attendant {
  readonly memory: MemoryLimit;
  private connection: Promise<DuckDBConnection> | null = null;
  /** null: DuckDB opens any file. */
  private onlyFolders: readonly string[] | null = null;
  private readonly turns = new Turns(1);

  constructor(private readonly instance: AttendedInstance) {
    this.memory = new MemoryLimit(instance.memoryLimit, {
      rows: (sql) => this.carryOut([sql]),
      enter: () => instance.gate.enter(),
    });
  }

  /** Resolves to the last statement's rows. All of them find the same instance. */
  async rows(statements: readonly string[]): Promise<Row[]> {
    const leave = await this.instance.gate.enter();
    try {
      return await this.carryOut(statements);
    } finally {
      leave();
    }
  }

  async temporaryBytes(): Promise<number> {
    // In this form it begins no transaction of the file, whose end would take memory.
    const files = await this.rows(['FROM system.main.duckdb_temporary_files()']);
    return files.reduce((sum, { size }) => sum + Number(size), 0);
  }

  async denyFiles(folders: readonly string[]): Promise<void> {
    const leave = await this.instance.gate.enter();
    this.onlyFolders = folders;
    try {
      await this.carryOut(this.denial(folders));
    } finally {
      leave();
    }
  }

  /** Gives an instance that is new what the one before had. For whoever has closed the gate. */
  async settle(): Promise<void> {
    this.connection = null;
    const denial = this.onlyFolders === null ? [] : this.denial(this.onlyFolders);
    await this.carryOut([this.memory.setting, ...denial]);
  }

  /** In turn: a ROLLBACK that one of them needs is not to end what another is at. */
  private carryOut(statements: readonly string[]): Promise<Row[]> {
    return this.turns.run(null, () => this.carryOutNow(statements));
  }

  private async carryOutNow(statements: readonly string[]): Promise<Row[]> {
    this.connection ??= this.instance.connect().catch((error: unknown) => {
      this.connection = null;
      throw error;
    });
    const connection = await this.connection;
    let rows: Row[] = [];
    for (const sql of statements) {
      rows = await this.instance.guard(() => this.carryOutOne(connection, sql));
    }
    return rows;
  }

  private async carryOutOne(connection: DuckDBConnection, sql: string): Promise<Row[]> {
    const rows = async (): Promise<Row[]> =>
      (await connection.runAndReadAll(sql)).getRowObjectsJson();
    try {
      return await rows();
    } catch (error) {
      // Where memory was short, DuckDB may have left a transaction that nobody began.
      if (!/transaction is aborted/i.test(errorMessage(error))) throw error;
      await connection.run('ROLLBACK');
      return rows();
    }
  }

  private denial(folders: readonly string[]): string[] {
    const list = folders.map((folder) => quoteDuckdbText(join(folder, '/'))).join(', ');
    const files = FILE_ENDS.map((end) => quoteDuckdbText(`${this.instance.ownFile}${end}`));
    return [
      `SET GLOBAL allowed_directories = [${list}]`,
      `SET GLOBAL allowed_paths = [${files.join(', ')}]`,
      'SET GLOBAL autoinstall_known_extensions = false',
      'SET GLOBAL autoload_known_extensions = false',
      'SET GLOBAL allow_community_extensions = false',
      'SET GLOBAL allow_persistent_secrets = false',
      'SET GLOBAL enable_external_access = false',
      `SET GLOBAL allowed_configs = [${OWN_SETTINGS.map(quoteDuckdbText).join(', ')}]`,
      'SET GLOBAL lock_configuration = true',
    ];
  }
}
