import type { DuckDBPreparedStatement } from '@duckdb/node-api';
import { DucktailError } from '../common/errors.js';

/** What JSON has for values. */
export type ParameterValue = string | number | boolean | null;

const MAX_INT32 = 2 ** 31;

/** Gives each parameter its value. Whole numbers stay what they are: a DOUBLE would match no index. */
export function bindParameters(
  statement: DuckDBPreparedStatement,
  values: readonly ParameterValue[],
): void {
  if (statement.parameterCount !== values.length) {
    throw new DucktailError(
      'query-failed',
      `the statement has ${statement.parameterCount} parameters, and ${values.length} values came`,
    );
  }
  for (const [at, value] of values.entries()) bindParameter(statement, at + 1, value);
}

function bindParameter(
  statement: DuckDBPreparedStatement,
  at: number,
  value: ParameterValue,
): void {
  if (value === null) statement.bindNull(at);
  else if (typeof value === 'boolean') statement.bindBoolean(at, value);
  else if (typeof value === 'string') statement.bindVarchar(at, value);
  else if (!Number.isInteger(value)) statement.bindDouble(at, value);
  else if (value >= -MAX_INT32 && value < MAX_INT32) statement.bindInteger(at, value);
  else if (Number.isSafeInteger(value)) statement.bindBigInt(at, BigInt(value));
  else {
    throw new DucktailError(
      'query-failed',
      `value ${at} is beyond 2^53, where numbers of JSON are no longer exact`,
      { hint: 'Send it as a string.' },
    );
  }
}
