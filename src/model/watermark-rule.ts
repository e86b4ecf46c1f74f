import { quoteMysqlName } from '../common/identifiers.js';
import { matchesGlob } from './table-filter.js';

/** An entry of WATERMARK_COLUMNS: the column to follow in the tables that the glob matches. */
export interface WatermarkRule {
  readonly tables: string;
  readonly column: string;
}

/** Of `table.column`; null for what is none. A column's name may have dots, a table's glob has not. */
export function parseWatermarkRule(text: string): WatermarkRule | null {
  const dot = text.indexOf('.');
  if (dot < 1 || dot === text.length - 1) return null;
  return { tables: text.slice(0, dot), column: text.slice(dot + 1) };
}

/** The column that the first matching rule names. */
export function watermarkRuleFor(rules: readonly WatermarkRule[], table: string): string | null {
  return rules.find(({ tables }) => matchesGlob(tables, table))?.column ?? null;
}

/** What to run on the source so that an incremental sync need not read the whole table. */
export function createIndexStatement(table: string, column: string): string {
  const name = quoteMysqlName(`${column}_index`);
  return `CREATE INDEX ${name} ON ${quoteMysqlName(table)} (${quoteMysqlName(column)});`;
}
