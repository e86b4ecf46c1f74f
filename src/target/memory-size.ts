import { totalmem } from 'node:os';

/** Of the machine's memory, what DuckDB may come to have. */
const MAX_MEMORY_SHARE = 0.8;

/** Measured: a table of 300 columns is too much for 192 MB, and is copied with 225 MB. */
const BASE_MEMORY = 64 * 1024 * 1024;
const COLUMN_MEMORY = 512 * 1024;

/** What DuckDB may come to have, in bytes. */
export function mostMemory(): number {
  return totalmem() * MAX_MEMORY_SHARE;
}

/** The largest memory limit that DuckDB is given on this machine, in its notation. */
export function mostMemoryText(): string {
  return memoryText(mostMemory());
}

/** What filling a table of so many columns takes, in bytes. */
export function forColumns(columns: number): number {
  return BASE_MEMORY + columns * COLUMN_MEMORY;
}

export function memoryText(bytes: number): string {
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
export function parseSize(text: string): number {
  const [number, unit] = text.split(' ');
  return Number(number) * (UNITS[unit] ?? NaN);
}
