import { totalmem } from 'node:os';
import { errorMessage } from '../common/errors.js';
import { Turns } from '../common/turns.js';

/** Of the machine's memory, what DuckDB may come to have. */
const MAX_MEMORY_SHARE = 0.8;

/** Measured: a table of 300 columns is too much for 192 MB, and is copied with 225 MB. */
const BASE_MEMORY = 64 * 1024 * 1024;
const COLUMN_MEMORY = 512 * 1024;
/** Two buffers of 256 KB for which rows are there since when, one of them until the file is closed. */
const TABLE_MEMORY = 512 * 1024;

/** For `raise`: all that DuckDB may ever have. */
export const ALL_MEMORY = Infinity;

/** So much more than is in use can be set. */
const BLOCK_BYTES = 1024 * 1024;

/** What DuckDB may come to have, in bytes. */
function mostMemory(): number {
  return totalmem() * MAX_MEMORY_SHARE;
}

function memoryText(bytes: number): string {
  return `${Math.round(bytes / 1e6)}MB`;
}

const UNITS: Record<string, number> = {
  bytes: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Bytes of a size as DuckDB prints it, such as `244.1 MiB`. */
function parseSize(text: string): number {
  const [number, unit] = text.split(' ');
  return Number(number) * (UNITS[unit] ?? NaN);
}

/** How there came to be more for work that lacked it. */
export interface MoreMemory {
  readonly how: string;
  readonly hint: string;
}

export interface LimitedInstance {
  /** Resolves to the rows, as objects. */
  readonly rows: (sql: string) => Promise<Record<string, unknown>[]>;
  /** Resolves when there is an instance, to how to say that it may go. */
  readonly enter: () => Promise<() => void>;
}

/** DuckDB's memory limit, which grows where work can't be done within it. */
export class MemoryLimit {
  /** Kept here: where memory is short, even asking DuckDB for it fails. */
  private bytes: number;
  /** Above it, for clients' queries. */
  private lentBytes = 0;
  /** Above both, for works that must not lack memory; not all at once. */
  private readonly rooms: number[] = [];
  /** What DuckDB was told last; null: it is not certain, or more was in use than that. */
  private applied: string | null;
  /** What that was; 0: it was less. */
  private usedBytes = 0;
  /** What is set last must be what holds last. */
  private readonly applying = new Turns(1);

  /** `text`: as DuckDB prints it. */
  constructor(
    text: string,
    private readonly instance: LimitedInstance,
  ) {
    this.bytes = parseSize(text);
    this.applied = this.setting;
  }

  /** Null where the machine has no more to give. */
  async double(): Promise<MoreMemory | null> {
    const raised = this.bytes * 2;
    if (raised > mostMemory()) return null;
    return {
      how: `DuckDB's memory limit is ${await this.set(raised)} now`,
      hint: 'Set DUCKDB_MEMORY_LIMIT to that to spare another attempt.',
    };
  }

  /** Resolves to the new limit, or null where it stays. */
  async provideFor({ columns = 0, tables = 0 }): Promise<string | null> {
    const needed = BASE_MEMORY + columns * COLUMN_MEMORY + tables * TABLE_MEMORY;
    return needed <= this.bytes || needed > mostMemory() ? null : this.set(needed);
  }

  /**
   * From here on DuckDB may have so much more, until `lower` is told the same. Fails where memory is so
   * short that it can't even be asked. For whoever keeps the instance from being replaced meanwhile.
   */
  async raise(roomBytes: number): Promise<void> {
    this.rooms.push(roomBytes);
    try {
      await this.applyWithin();
    } catch (error) {
      this.leave(roomBytes);
      throw error;
    }
  }

  /** Never fails: what can't be done now, `settle` does. */
  async lower(roomBytes: number): Promise<void> {
    this.leave(roomBytes);
    await this.apply().catch(() => undefined);
  }

  /** Sets the limit where more than that was in use when it should have been set. */
  async settle(): Promise<void> {
    if (this.setting !== this.applied) await this.apply();
  }

  /** The same, for whoever keeps the instance from being replaced. */
  settleWithin(): Promise<void> {
    return this.applyWithin();
  }

  /** What is in use of what `raise` gave others before, and `lower` could not have back. */
  get takenBytes(): number {
    return Math.max(0, this.usedBytes - this.bytes - this.lentBytes);
  }

  /** From here on so much is lent to clients' queries. */
  async lend(bytes: number): Promise<void> {
    this.lentBytes = bytes;
    await this.apply();
  }

  /** Has DuckDB give back what was freed: it does so whenever its limit is set. */
  async flush(): Promise<void> {
    this.applied = null;
    await this.apply();
  }

  /** What DuckDB may have, without what is lent. */
  get ownBytes(): number {
    return this.bytes;
  }

  /** How DuckDB is told of it. */
  get setting(): string {
    return settingOf(this.wishedBytes);
  }

  private get wishedBytes(): number {
    const bytes = this.bytes + this.lentBytes + Math.max(0, ...this.rooms);
    return Math.max(this.bytes, Math.min(bytes, mostMemory()));
  }

  get text(): string {
    return memoryText(this.bytes);
  }

  private async set(bytes: number): Promise<string> {
    const before = this.bytes;
    this.bytes = bytes;
    try {
      await this.apply();
    } catch (error) {
      this.bytes = before;
      throw error;
    }
    return this.text;
  }

  private async apply(): Promise<void> {
    // Before its turn: whoever closes the gate may wait for what has raised the limit.
    const leave = await this.instance.enter();
    try {
      await this.applyWithin();
    } finally {
      leave();
    }
  }

  private leave(roomBytes: number): void {
    this.rooms.splice(this.rooms.indexOf(roomBytes), 1);
  }

  private applyWithin(): Promise<void> {
    return this.applying.run(null, async () => {
      const { setting } = this;
      if (setting === this.applied) return;
      this.applied = null;
      try {
        await this.instance.rows(setting);
        this.applied = setting;
        this.usedBytes = 0;
      } catch (error) {
        if (!/could not free up enough memory/i.test(errorMessage(error))) throw error;
        await this.limitToUsed();
      }
    });
  }

  /** It can't be less than is in use, and would stay what it was. */
  private async limitToUsed(): Promise<void> {
    // In this form it begins no transaction of the file, whose end would take memory.
    const rows = await this.instance.rows('FROM system.main.duckdb_memory()');
    this.usedBytes = rows.reduce((sum, row) => sum + Number(row.memory_usage_bytes), 0);
    // Where it has become more meanwhile, the next attempt finds how much.
    await this.instance.rows(settingOf(this.usedBytes + BLOCK_BYTES)).catch(() => undefined);
  }
}

function settingOf(bytes: number): string {
  return `SET GLOBAL memory_limit = '${memoryText(bytes)}'`;
}
