import { DucktailError } from '../common/errors.js';

/** Prints the one document of a command with `--json`. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document)}\n`);
}

export function printLine(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Prints rows under headings; columns of numbers are aligned right. */
export async function printTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: [...headings],
    style: { head: [], border: [], compact: true },
    colAligns: headings.map((_, column) =>
      rows.length > 0 && rows.every((row) => /^$|^[-–]$|^-?[\d,.]+%?$/.test(row[column]))
        ? 'right'
        : 'left',
    ),
  });
  table.push(...rows.map((row) => [...row]));
  printLine(table.toString());
}

export function formatNumber(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024 * 1024) return `${formatNumber(Math.ceil(bytes / 1024))} KB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
  return `${(bytes / 1024 ** 3).toFixed(1)} GB`;
}

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/**
 * Says what went wrong, once, where the operator looks: one line with what and where, one with what
 * to do; the stack only where it was asked for, or where it is all there is (a defect of ours).
 */
export function reportError(thrown: unknown, json: boolean, debug: boolean): number {
  const error = firstError(thrown);
  const known = error instanceof DucktailError ? error : null;
  const message = error instanceof Error ? error.message : String(error);
  if (json) {
    printJson({ error: { code: known?.code ?? 'bug', message, hint: known?.hint ?? null } });
  }
  process.stderr.write(`ducktail: ${message}\n`);
  if (known?.hint !== undefined) process.stderr.write(`  ${known.hint}\n`);
  if (known === null) process.stderr.write('  This is a defect of Ducktail; please report it.\n');
  if (debug || known === null) process.stderr.write(`${stackOf(error)}\n`);
  return known?.code === 'configuration' ? EXIT_USAGE : EXIT_FAILED;
}

/** What went wrong first, where giving up resources failed because of it. */
function firstError(error: unknown): unknown {
  return error instanceof Error && 'suppressed' in error ? firstError(error.suppressed) : error;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const cause = error.cause === undefined ? '' : `\nCaused by: ${stackOf(error.cause)}`;
  return (error.stack ?? error.message) + cause;
}
