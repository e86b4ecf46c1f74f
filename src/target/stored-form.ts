import { quoteDuckdbName } from '../common/identifiers.js';
import type { ColumnPlan } from '../model/column-plan.js';

/**
 * SQL by which two stored values are told apart. Floats by their texts, which tell -0 from 0;
 * geometries have no comparison of their own.
 */
export function storedForm({ name, duckdbType }: ColumnPlan, alias: string | null): string {
  const column = (alias === null ? '' : `${alias}.`) + quoteDuckdbName(name);
  if (/^(FLOAT|DOUBLE)/.test(duckdbType)) return `${column}::VARCHAR`;
  return duckdbType === 'GEOMETRY' ? `ST_AsWKB(${column})` : column;
}
