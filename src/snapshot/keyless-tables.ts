import { DucktailError } from '../common/errors.js';
import type { OpenedSnapshot } from '../model/copy-turns.js';
import type { CopyOutcome, PlannedTable } from './copy-run.js';

export type RefusedTable = Extract<CopyOutcome, { error: Error }>;

/**
 * A table without a key can't be copied in a snapshot that has some of the changes that are to be
 * applied to it: of equal rows nothing tells whether they were.
 */
export function refuseKeyless(
  tables: readonly PlannedTable[],
  { unlocked, restriction }: OpenedSnapshot,
): { kept: PlannedTable[]; refused: RefusedTable[] } {
  const isRefused = ({ plan }: PlannedTable): boolean =>
    plan.schema.key === null && (unlocked?.settledAt ?? null) !== null;
  const refused = tables.filter(isRefused).map(({ plan }) => ({
    plan,
    seconds: 0,
    error: new DucktailError(
      'table-failed',
      `${plan.schema.name} has no key, and can't be followed from a copy that was made while ` +
        'others wrote',
      { table: plan.schema.name, hint: `Give it a primary key, or: ${restriction?.hint ?? ''}` },
    ),
  }));
  return { kept: tables.filter((table) => !isRefused(table)), refused };
}
