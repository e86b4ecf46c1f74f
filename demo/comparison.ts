import type { DuckDBConnection } from '@duckdb/node-api';
import type { Connection, FieldPacket } from 'mysql2/promise';
import type { Question } from './questions.js';

/** How the two databases answered one question, equally. */
export interface Comparison {
  readonly rows: number;
  readonly mysqlSeconds: number;
  readonly duckdbSeconds: number;
}

interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly seconds: number;
}

/** Asks both, once, and throws an error that names the first value in which they differ. */
export async function compareAnswers(
  question: Question,
  mysql: Connection,
  duckdb: DuckDBConnection,
): Promise<Comparison> {
  const expected = await askMysql(mysql, question.sql);
  const actual = await askDuckdb(duckdb, question.sql);
  const difference = firstDifference(expected, actual);
  if (difference !== null) {
    throw new Error(`MySQL and DuckDB differ on '${question.title}': ${difference}`);
  }
  return {
    rows: expected.rows.length,
    mysqlSeconds: expected.seconds,
    duckdbSeconds: actual.seconds,
  };
}

async function askMysql(connection: Connection, sql: string): Promise<Answer> {
  const start = performance.now();
  const [rows, fields] = (await connection.query({
    sql,
    rowsAsArray: true,
    typeCast: (field) => field.string(),
  })) as unknown as [(string | null)[][], FieldPacket[]];
  return {
    columns: fields.map(({ name }) => name),
    rows: rows.map((row) => row.map(canonical)),
    seconds: (performance.now() - start) / 1000,
  };
}

async function askDuckdb(connection: DuckDBConnection, sql: string): Promise<Answer> {
  const start = performance.now();
  const reader = await connection.runAndReadAll(sql);
  const rows = reader.getRowsJson();
  return {
    columns: reader.columnNames(),
    rows: rows.map((row) => row.map((value) => (value === null ? null : canonical(String(value))))),
    seconds: (performance.now() - start) / 1000,
  };
}

/** MySQL prints `12:00:00.000000` where DuckDB prints `12:00:00`: zeros at the end don't count. */
function canonical(value: string | null): string | null {
  return value !== null && /^[-\d: ]+\.\d+$/.test(value) ? value.replace(/\.?0+$/, '') : value;
}

function firstDifference(expected: Answer, actual: Answer): string | null {
  if (expected.rows.length !== actual.rows.length) {
    return `${expected.rows.length} and ${actual.rows.length} rows`;
  }
  for (const [index, row] of expected.rows.entries()) {
    for (const [column, name] of expected.columns.entries()) {
      const [value, other] = [row[column], actual.rows[index][column]];
      if (value !== other) return `row ${index + 1}, ${name}: ${value} and ${other}`;
    }
  }
  return null;
}
