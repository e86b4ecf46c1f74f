import { DucktailError } from '../common/errors.js';
import type { TablePlan } from '../model/column-plan.js';
import type { FollowedTable } from '../incremental/incremental-sync.js';
import { schemaChange } from '../incremental/schema-change.js';
import { readTableRecords, type RowQuery, type TableRecord } from '../state/tables.js';
import { readWatermarks, type Watermark } from '../state/watermarks.js';

/** automatic: full where a table was never synced, else incremental. */
export type RequestedMode = 'automatic' | 'full' | 'incremental';

/** What is known of earlier syncs, by table. */
export interface KnownTables {
  readonly records: ReadonlyMap<string, TableRecord>;
  readonly watermarks: ReadonlyMap<string, Watermark>;
}

export async function readKnownTables(query: RowQuery, targetSchema: string): Promise<KnownTables> {
  return {
    records: await readTableRecords(query, targetSchema),
    watermarks: await readWatermarks(query, targetSchema),
  };
}

/** How a table is to be brought up to date, and why, for the operator. */
export type TableMode =
  | { readonly kind: 'full'; readonly why: string }
  | { readonly kind: 'incremental'; readonly table: FollowedTable }
  | { readonly kind: 'refused'; readonly error: DucktailError };

/** Up to this many rows, by the server's estimate, a table that can't be followed is copied again. */
export const MAX_COPIED_ROWS = 1_000_000;

export function chooseMode(
  plan: TablePlan,
  known: KnownTables,
  requested: RequestedMode,
): TableMode {
  if (requested === 'full') return { kind: 'full', why: '--full' };
  const { schema } = plan;
  const record = known.records.get(schema.name);
  if (record === undefined) return fullUnless(requested, plan, 'it was never synced');
  if (record.sourceDatabase !== schema.database) {
    return fullUnless(requested, plan, `its copy is of the database '${record.sourceDatabase}'`);
  }
  const obstacle = whyNotFollowed(plan);
  if (obstacle !== null) return copyOrRefuse(requested, plan, obstacle);
  const watermark = known.watermarks.get(schema.name);
  if (watermark === undefined || watermark.column !== schema.watermark?.column) {
    return fullUnless(requested, plan, 'its watermark column has changed');
  }
  const change = schemaChange(plan, record);
  if (change !== null) return fullUnless(requested, plan, change);
  return { kind: 'incremental', table: { plan, record, watermark } };
}

/** Completes the sentence `<table> can't be followed: <reason>`; null where it can. */
export function whyNotFollowed({ schema, columns, keyColumns }: TablePlan): string | null {
  if (schema.watermark === null) return 'no column tells when a row changed';
  if (schema.key === null) return 'it has no key that tells its rows apart';
  const { column } = schema.watermark;
  const watermark = columns.find(({ name }) => name === column);
  const isUsable =
    watermark?.encoding.kind === 'timestamp' ||
    /^U?(TINYINT|SMALLINT|INTEGER|BIGINT)$/.test(watermark?.duckdbType ?? '');
  if (!isUsable) return `its watermark column ${column} holds neither a time nor a whole number`;
  // 1 and 2 are both true there.
  const isBoolean = keyColumns.some((at) => columns[at].encoding.kind === 'tinyint-boolean');
  return isBoolean ? 'a column of its key is TINYINT(1), stored as BOOLEAN' : null;
}

function fullUnless(requested: RequestedMode, { schema }: TablePlan, why: string): TableMode {
  if (requested !== 'incremental') return { kind: 'full', why };
  return {
    kind: 'refused',
    error: new DucktailError('needs-full-sync', `${schema.name} needs a full sync: ${why}`, {
      table: schema.name,
      hint: `Run \`ducktail sync --full ${schema.name}\`, or leave --incremental away.`,
    }),
  };
}

function copyOrRefuse(requested: RequestedMode, plan: TablePlan, obstacle: string): TableMode {
  const { schema } = plan;
  if (requested === 'automatic' && schema.estimatedRows <= MAX_COPIED_ROWS) {
    return { kind: 'full', why: obstacle };
  }
  return {
    kind: 'refused',
    error: new DucktailError('no-watermark', `${schema.name} can't be followed: ${obstacle}`, {
      table: schema.name,
      hint:
        'Name a column that changes with every row in WATERMARK_COLUMNS, add one ' +
        '(TIMESTAMP(6) … ON UPDATE CURRENT_TIMESTAMP(6), with an index), or copy the table ' +
        `again by \`ducktail sync --full ${schema.name}\`.`,
    }),
  };
}
