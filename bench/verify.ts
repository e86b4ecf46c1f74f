import { formatCount, formatSeconds } from '../demo/report.js';
import type { VerifyResult } from '../src/verify/verify-result.js';
import { dropTable, loadTable } from './bench-source.js';
import { mainTable } from './bench-table.js';
import { runDucktail, runFullSync, type RunMeasure } from './ducktail-run.js';
import { removeReplica, syncEnvironment, type Bench } from './measures.js';

export interface VerifyRound {
  readonly full: RunMeasure;
  readonly verify: RunMeasure;
}

export interface VerifyBenchResult {
  readonly rows: number;
  readonly rounds: readonly VerifyRound[];
}

export interface VerifyOptions {
  readonly rows: number;
  readonly rounds: number;
  readonly log: (line: string) => void;
}

/** Full syncs of the main table, each with a comparison of the equal rows behind it. */
export async function measureVerify(
  bench: Bench,
  { rows, rounds: count, log }: VerifyOptions,
): Promise<VerifyBenchResult> {
  const table = mainTable(rows);
  log(`verify: loading ${formatCount(rows)} rows (${table.title})`);
  await loadTable(bench.serverUrl, table);
  const rounds: VerifyRound[] = [];
  for (let number = 1; number <= count; number += 1) {
    const full = await runFullSync(bench, table);
    const { measure: verify, result } = await runDucktail<VerifyResult>(bench, table, ['verify']);
    requireEqual(result, rows);
    log(
      `verify, round ${number} of ${count}: full sync ${formatSeconds(full.wallSeconds)}, ` +
        `verify ${formatSeconds(verify.wallSeconds)}`,
    );
    rounds.push({ full, verify });
  }
  await removeReplica(syncEnvironment(bench, table).DUCKDB_PATH);
  await dropTable(bench.serverUrl, table);
  return { rows, rounds };
}

function requireEqual({ tables, equal }: VerifyResult, rows: number): void {
  const compared = tables.reduce((sum, table) => sum + table.rows, 0);
  if (!equal || compared !== rows) {
    throw new Error(`verify compared ${compared} rows instead of ${rows}, equal: ${equal}`);
  }
}
