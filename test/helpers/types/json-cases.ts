import { expressions, type TypeCase, type TypeValue } from './type-case.js';

function documents(...texts: readonly string[]): TypeValue[] {
  return texts.map((text) => ({
    sql: `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`,
  }));
}

const DEEP = `${'['.repeat(30)}${']'.repeat(30)}`;

const ANY_SERVER = [
  ...['null', 'true', 'false', '0', '-1', '""', '[]', '{}', '"text"', '"null"'],
  ...['18446744073709551615', '-9223372036854775808', '9223372036854775807', '9007199254740993'],
  ...['18446744073709551616', '123456789012345678901234567890', '1.0', '1.10', '0.1', '-0.0'],
  ...['1e300', '1e-300', '1E5', '3.141592653589793', '12345678901234567.5'],
  ...['"ünïcödé 😀"', '"\\u00e9 \\ud83d\\ude00 \\u0000"', '"a\\"b\\\\c\\/d\\n\\t\\b"', '"it\'s"'],
  ...['[1, "two", null, [3, {"four": 5}]]', '{"b": 1, "a": 2, "aa": 3, "": 4}', DEEP],
  ...['{"key with \\"quotes\\"": 1, "ключ": [], "😀": {}}', '{"a": 1, "b": {"a": [1, 2, 3]}}'],
];

export const jsonCases: readonly TypeCase[] = [
  { name: 'json_documents', ddl: 'JSON', values: documents(...ANY_SERVER) },
  {
    name: 'json_typed',
    flavours: ['mysql'],
    ddl: 'JSON',
    // Kinds that only exist inside MySQL: decimals, dates, times, byte strings, geometries.
    values: [
      ...expressions(
        `CAST(18446744073709551615 AS JSON)`,
        `CAST(CAST('1.10' AS DECIMAL(10,2)) AS JSON)`,
        `CAST(CAST('-12345678901234567890123456789012345.678901234567890123456789012345' AS DECIMAL(65,30)) AS JSON)`,
        `CAST(CAST('2024-02-29' AS DATE) AS JSON)`,
        `CAST(CAST('2024-02-29 23:59:59.123456' AS DATETIME(6)) AS JSON)`,
        `CAST(TIMESTAMP '1000-01-01 00:00:00' AS JSON)`,
        `CAST(CAST('-838:59:59' AS TIME(6)) AS JSON)`,
        `CAST(x'00FF80' AS JSON)`,
        `JSON_ARRAY(b'101', 1.5e0, -0e0, 1e0, 100e0, 1e300)`,
        `CAST(ST_GeomFromText('POINT(1 2)') AS JSON)`,
        `CAST(CAST(2024 AS YEAR) AS JSON)`,
      ),
      {
        sql: `JSON_OBJECT('d', CAST('2024-01-01' AS DATE), 'n', 1.50, 'f', 1.5e0, 'x', NULL)`,
        text: `{"d": "2024-01-01", "f": 1.5, "n": 1.50, "x": null}`,
      },
      { sql: `'{"a": 1,   "a": 2}'`, text: '{"a": 2}' },
      { sql: `JSON_ARRAY(REPEAT('é', 40000), REPEAT('[', 5))`, once: true },
    ],
  },
  {
    name: 'json_text',
    flavours: ['mariadb'],
    ddl: 'JSON',
    // Kept as it was written.
    values: [
      { sql: `'{"a": 1,   "a": 2}'`, text: '{"a": 1,   "a": 2}' },
      { sql: `' [1 , 2 ] '`, text: ' [1 , 2 ] ' },
      { sql: `'1.50'`, text: '1.50' },
      { sql: `JSON_ARRAY(REPEAT('é', 40000))`, once: true },
    ],
  },
];
