import type { TablePlan } from '../model/column-plan.js';
import { definitionChange } from '../state/definition-change.js';
import type { TableRecord } from '../state/tables.js';

/**
 * Why the table has to be copied again instead of being followed: its definition changed, or it may
 * hold other rows under old watermarks. null: it is as it was.
 *
 * Columns could be dropped, widened or added in place where the change itself says what the old rows
 * hold. But the server does not tell an ALTER from a table that was made anew (both set its creation
 * time), nor a renamed column from one that went and one that came. To compare the old rows takes
 * two thirds of the time that copying them takes.
 */
export function schemaChange(plan: TablePlan, record: TableRecord): string | null {
  const change = definitionChange(plan, record);
  if (change !== null) return change;
  const { schema } = plan;
  if (schema.createdAt !== record.createdAt) return 'the source has rebuilt it or made it anew';
  return isTruncated(schema.autoIncrement, record.autoIncrement) ? 'it was truncated' : null;
}

/** TRUNCATE leaves the creation time, but sets the counter back: to 1, which MySQL shows as none. */
function isTruncated(now: string | null, before: string | null): boolean {
  if (before === null) return false;
  return now === null || BigInt(now) < BigInt(before);
}
