import type { ColumnPlan, TablePlan } from './column-plan.js';

/** What a row of a change batch says. */
export const CHANGE_DELETE = 0;
/** The row with this key is as given: inserted, or the after image of an update. */
export const CHANGE_UPSERT = 1;
/**
 * The row was like this before the CHANGE_UPSERT with the next number: an update of a row on which
 * others depend by foreign keys. Wherever changes are applied it is a deletion.
 */
export const CHANGE_BEFORE = 2;

/** The control columns behind a change batch's columns: what the row says, and in which order. */
const CONTROL_COLUMNS: readonly ColumnPlan[] = [
  {
    name: '__ducktail_op',
    sourceType: 'tinyint unsigned',
    duckdbType: 'UTINYINT',
    layout: { kind: 'fixed', bytes: 1 },
    encoding: { kind: 'copy', bytes: 1 },
    lossy: null,
  },
  {
    name: '__ducktail_seq',
    sourceType: 'int unsigned',
    duckdbType: 'UINTEGER',
    layout: { kind: 'fixed', bytes: 4 },
    encoding: { kind: 'copy', bytes: 4 },
    lossy: null,
  },
];

/**
 * A table's changes as batches have them: its columns, then `__ducktail_op` (CHANGE_DELETE,
 * CHANGE_UPSERT or CHANGE_BEFORE) and `__ducktail_seq` (ascending on a stage, in the binlog's order).
 *
 * With a key: an update that keeps the key is one CHANGE_UPSERT of the after image; one that changes
 * it is a CHANGE_DELETE of the before image, then a CHANGE_UPSERT. A CHANGE_DELETE has the key's
 * columns alone, all others are NULL. Without a key every image is whole: an update is CHANGE_DELETE
 * (exactly one equal row goes) and CHANGE_UPSERT (one row comes).
 *
 * Of a table to which foreign keys refer whose actions are not logged (`StreamedTable.referenced`) a
 * CHANGE_DELETE has the referenced columns, too; and an update that changes one of them or the key is
 * a CHANGE_BEFORE of the same columns, then a CHANGE_UPSERT. So is every update if there is no key.
 */
export function planChanges(plan: TablePlan): TablePlan {
  return { ...plan, columns: [...plan.columns, ...CONTROL_COLUMNS] };
}
