import { DuckDBInstance } from '@duckdb/node-api';
import type { BenchTable } from './bench-table.js';

/** Throws unless the copy in the DuckDB file has the rows that the source had. */
export async function checkReplica(
  duckdbPath: string,
  table: BenchTable,
  expected: readonly string[],
): Promise<void> {
  const instance = await DuckDBInstance.create(duckdbPath, { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(`SELECT ${table.checks} FROM ${table.relation}`);
    const actual = reader.getRowsJson()[0].map(String);
    const index = expected.findIndex((value, position) => !isSame(value, actual[position]));
    if (index >= 0) {
      throw new Error(
        `the copy of '${table.name}' is wrong: ${reader.columnName(index)} is ${actual[index]} ` +
          `instead of ${expected[index]}`,
      );
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Zeros at the end of a fraction don't count. */
function isSame(expected: string, actual: string): boolean {
  const canonical = (value: string) =>
    /^[-\d: ]+\.\d+$/.test(value) ? value.replace(/\.?0+$/, '') : value;
  return canonical(expected) === canonical(actual);
}
