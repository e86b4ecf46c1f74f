import { totalmem } from 'node:os';
import { errorMessage } from '../common/errors.js';

/** Of the machine's memory, what DuckDB may come to have. */
const MAX_MEMORY_SHARE = 0.8;

const UNITS: Record<string, number> = {
  bytes: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** What DuckDB may come to have, in bytes. */
export function mostMemory(): number {
  return totalmem() * MAX_MEMORY_SHARE;
}

/** The largest memory limit that DuckDB is given on this machine, in its notation. */
export function mostMemoryText(): string {
  return memoryText(mostMemory());
}

export function memoryText(bytes: number): string {
  return `${Math.round(bytes / 1e6)}MB`;
}

/**
 * DuckDB's memory limit, which is one for everything in an instance: what Ducktail's own work may
 * have, and above it what is lent to clients' queries.
 */
export class MemoryLimit {
  private lentBytes = 0;
  /** As it was set last; null: not known yet. */
  private ownBytes: number | null = null;

  constructor(private readonly run: (sql: string) => Promise<Record<string, unknown>[]>) {}

  /** Without what is lent. */
  async bytes(): Promise<number> {
    if (this.ownBytes === null) {
      const [{ limit }] = await this.run(`SELECT current_setting('memory_limit') AS limit`);
      this.ownBytes ??= parseSize(String(limit));
    }
    return this.ownBytes;
  }

  /** Resolves to the new limit, as text. */
  async set(bytes: number): Promise<string> {
    this.ownBytes = bytes;
    await this.apply();
    return memoryText(bytes);
  }

  /** From here on so much is lent. */
  async lend(bytes: number): Promise<void> {
    await this.bytes();
    this.lentBytes = bytes;
    await this.apply();
  }

  private async apply(): Promise<void> {
    const bytes = Math.min((this.ownBytes ?? 0) + this.lentBytes, mostMemory());
    try {
      await this.run(`SET GLOBAL memory_limit = '${memoryText(bytes)}'`);
    } catch (error) {
      // It can't be less than is in use: then it stays as it is until it is set again.
      if (!/could not free up enough memory/i.test(errorMessage(error))) throw error;
    }
  }
}

/** Bytes of a size as DuckDB prints it, such as `244.1 MiB`. */
function parseSize(text: string): number {
  const [number, unit] = text.split(' ');
  return Number(number) * (UNITS[unit] ?? NaN);
}
