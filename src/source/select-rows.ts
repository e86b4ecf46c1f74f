import { qualifiedMysqlName, quoteMysqlName } from '../common/identifiers.js';
import type { TableSchema } from '../model/table-schema.js';

/** Every column by name, so that invisible ones come too; hints and conditions go behind it. */
export function selectRows({ database, name, columns }: TableSchema): string {
  const list = columns.map((column) => quoteMysqlName(column.name)).join(', ');
  return `SELECT ${list} FROM ${qualifiedMysqlName(database, name)}`;
}
