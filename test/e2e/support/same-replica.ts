import assert from 'node:assert/strict';
import { DuckDBInstance } from '@duckdb/node-api';
import { assertSameData, type CompareOptions, type Comparison } from '../../helpers/compare.js';
import type { TextRow } from '../../helpers/test-source.js';
import { tableNames } from './replica-state.js';
import type { SourceAccess } from './source-position.js';

/**
 * Fails unless the replica has exactly the source's tables (but for those that `isLeftOut`), with the
 * same columns and values. No service may have the file open.
 */
export async function assertSameReplica(
  source: SourceAccess,
  duckdbPath: string,
  options: Omit<CompareOptions, 'tables'> & {
    readonly isLeftOut?: (table: string) => boolean;
  } = {},
): Promise<Comparison> {
  const { isLeftOut = () => false, ...compareOptions } = options;
  const rows = await source.texts(
    `SELECT table_name FROM information_schema.tables
      WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'`,
  );
  const tables = rows.map(([name]) => name ?? '').filter((name) => !isLeftOut(name));
  const present = await tableNames(duckdbPath, options.schema);
  assert.deepEqual(
    {
      extra: present.filter((name) => !tables.includes(name)),
      missing: tables.filter((name) => !present.includes(name)),
    },
    { extra: [], missing: [] },
  );
  return assertSameData(source, duckdbPath, { ...compareOptions, tables });
}

/** What is recorded of a rejected value, but for when. */
const REJECTIONS =
  'SELECT table_name, CAST(row_key AS VARCHAR) AS row_key, column_name, source_text, reason ' +
  'FROM %._ducktail.rejected_values';

/**
 * Fails unless two replicas are the same, however each of them came to be: tables, columns, types,
 * every row, and what is recorded of rejected values.
 */
export async function assertSameFiles(
  onePath: string,
  otherPath: string,
  schema = 'main',
): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const texts = async (sql: string): Promise<TextRow[]> =>
    (await connection.runAndReadAll(sql)).getRows() as TextRow[];
  try {
    for (const [name, file] of [
      ['one', onePath],
      ['other', otherPath],
    ]) {
      await connection.run(`ATTACH '${file.replaceAll("'", "''")}' AS ${name} (READ_ONLY)`);
    }
    const layout = (database: string): Promise<TextRow[]> =>
      texts(
        `SELECT table_name, column_name, data_type FROM duckdb_columns()
          WHERE database_name = '${database}' AND schema_name = '${schema}'
          ORDER BY table_name, column_index`,
      );
    const columns = await layout('one');
    assert.deepEqual(columns, await layout('other'));
    const tables = [...new Set(columns.map(([table]) => table ?? ''))];
    for (const table of tables) {
      const name = `"${schema}"."${table.replaceAll('"', '""')}"`;
      await assertSameRows(texts, table, (database) => `SELECT * FROM ${database}.${name}`);
    }
    await assertSameRows(texts, 'rejected values', (name) => REJECTIONS.replace('%', name));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function assertSameRows(
  texts: (sql: string) => Promise<TextRow[]>,
  what: string,
  rowsOf: (database: string) => string,
): Promise<void> {
  const only = (here: string, there: string): Promise<TextRow[]> =>
    texts(
      `SELECT CAST(d AS VARCHAR) FROM (${rowsOf(here)} EXCEPT ALL ${rowsOf(there)}) AS d
        ORDER BY ALL LIMIT 5`,
    );
  assert.deepEqual(
    { one: await only('one', 'other'), other: await only('other', 'one') },
    { one: [], other: [] },
    `rows of ${what} that only one of the files has`,
  );
}
