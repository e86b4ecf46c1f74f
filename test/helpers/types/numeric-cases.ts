import { expressions, literals, quoted, type TypeCase } from './type-case.js';

const NINES = '9'.repeat(65);

/** The bounds of each integer type, and what lies around zero. */
const integerCases: TypeCase[] = [
  { name: 'int_tiny', ddl: 'TINYINT', values: literals('-128', '-1', '0', '1', '127') },
  { name: 'int_tiny_unsigned', ddl: 'TINYINT UNSIGNED', values: literals('0', '128', '255') },
  { name: 'int_small', ddl: 'SMALLINT', values: literals('-32768', '-1', '0', '32767') },
  { name: 'int_small_unsigned', ddl: 'SMALLINT UNSIGNED', values: literals('0', '32768', '65535') },
  { name: 'int_medium', ddl: 'MEDIUMINT', values: literals('-8388608', '-1', '0', '8388607') },
  {
    name: 'int_medium_unsigned',
    ddl: 'MEDIUMINT UNSIGNED',
    values: literals('0', '8388608', '16777215'),
  },
  { name: 'int_int', ddl: 'INT', values: literals('-2147483648', '-1', '0', '2147483647') },
  { name: 'int_unsigned', ddl: 'INT UNSIGNED', values: literals('0', '2147483648', '4294967295') },
  {
    name: 'int_big',
    ddl: 'BIGINT',
    values: literals(
      ...['-9223372036854775808', '-9007199254740993', '-4294967296', '-1', '0'],
      ...['4294967295', '4294967296', '9007199254740993', '9223372036854775807'],
    ),
  },
  {
    name: 'int_big_unsigned',
    ddl: 'BIGINT UNSIGNED',
    values: literals('0', '9007199254740993', '9223372036854775808', '18446744073709551615'),
  },
  { name: 'int_zerofill', ddl: 'INT(8) ZEROFILL', values: literals('0', '5', '4294967295') },
  {
    name: 'int_big_zerofill',
    ddl: 'BIGINT(20) UNSIGNED ZEROFILL',
    values: literals('0', '42', '18446744073709551615'),
  },
  { name: 'int_year', ddl: 'YEAR', values: literals('0', '1901', '1970', '2024', '2155') },
  {
    name: 'bool_tinyint1',
    ddl: 'TINYINT(1)',
    values: [
      { sql: '0', text: 'false', otherText: '0' },
      { sql: '1', text: 'true', otherText: '1' },
      ...['2', '-1', '127', '-128'].map((sql) => ({
        sql,
        text: 'true',
        otherText: sql,
        rejected: 'not 0 or 1: stored as true' as const,
      })),
    ],
  },
  {
    name: 'bool_bool',
    ddl: 'BOOL',
    values: [
      { sql: 'FALSE', text: 'false', otherText: '0' },
      { sql: 'TRUE', text: 'true', otherText: '1' },
    ],
  },
  { name: 'bool_tinyint1_unsigned', ddl: 'TINYINT(1) UNSIGNED', values: literals('0', '1', '255') },
];

const bitCases: TypeCase[] = [
  {
    name: 'bit_1',
    ddl: 'BIT(1)',
    values: [
      { sql: `b'0'`, text: 'false' },
      { sql: `b'1'`, text: 'true' },
    ],
  },
  bitCase(2, '3'),
  bitCase(8, '255'),
  bitCase(9, '511'),
  bitCase(33, '8589934591'),
  bitCase(64, '18446744073709551615'),
];

/** Zero, one, the highest bit alone, and all ones. */
function bitCase(bits: number, allOnes: string): TypeCase {
  return {
    name: `bit_${bits}`,
    ddl: `BIT(${bits})`,
    values: [
      { sql: `b'0'`, text: '0' },
      { sql: `b'1'`, text: '1' },
      { sql: `b'1${'0'.repeat(bits - 1)}'`, text: String(2n ** BigInt(bits - 1)) },
      { sql: `b'${'1'.repeat(bits)}'`, text: allOnes },
    ],
  };
}

/** Nines to the last digit, the smallest step, zero and negative zero. */
function decimalCase(precision: number, scale: number): TypeCase {
  const whole = NINES.slice(0, precision - scale) || '0';
  const point = scale === 0 ? '' : '.';
  const most = `${whole}${point}${NINES.slice(0, scale)}`;
  const least = scale === 0 ? '1' : `0.${'0'.repeat(scale - 1)}1`;
  const zero = scale === 0 ? '0' : `0.${'0'.repeat(scale)}`;
  // DuckDB prints no zero before the point where it can hold none.
  const printed = (text: string): string =>
    precision === scale && precision <= 38 ? text.replace(/^(-?)0\./, '$1.') : text;
  return {
    name: `dec_${precision}_${scale}`,
    ddl: `DECIMAL(${precision},${scale})`,
    values: [
      ...[most, `-${most}`, least, `-${least}`, zero].map((text) => ({
        sql: `'${text}'`,
        text: printed(text),
      })),
      { sql: `'-${zero}'`, text: printed(zero) },
    ],
  };
}

const decimalCases: TypeCase[] = [
  ...[
    [1, 0],
    [4, 2],
    [4, 4],
    [5, 0],
    [9, 3],
    [10, 2],
    [14, 0],
    [15, 0],
    [15, 1],
    [16, 0],
    [18, 6],
    [19, 0],
    [20, 10],
    [30, 30],
    [38, 0],
    [38, 10],
    [38, 30],
    [39, 0],
    [39, 5],
    [65, 0],
    [65, 30],
  ].map(([precision, scale]) => decimalCase(precision, scale)),
  { ...decimalCase(38, 38), flavours: ['mariadb'] },
  {
    name: 'dec_unsigned',
    ddl: 'DECIMAL(10,2) UNSIGNED',
    values: literals('0.00', '0.01', '99999999.99'),
  },
  {
    name: 'dec_zerofill',
    ddl: 'DECIMAL(20,2) ZEROFILL',
    values: literals('0.00', '1.50', '999999999999999999.99'),
  },
];

const floatCases: TypeCase[] = [
  {
    name: 'float_float',
    ddl: 'FLOAT',
    values: [
      ...quoted('0.0', '1.5', '-1.5', '0.1', '3.4028235e+38', '-3.4028235e+38'),
      { sql: '16777216', text: '16777216.0' },
      // The nearest float, where the text that MySQL prints has only six digits.
      { sql: '16777217', text: '16777216.0' },
      { sql: '1.17549435e-38', text: '1.1754944e-38' },
      { sql: '1.4e-45', text: '1e-45' },
      { sql: '123456.789', text: '123456.79' },
    ],
  },
  {
    name: 'float_digits',
    ddl: 'FLOAT(7,4)',
    values: expressions('999.9999', '-0.1234', '0.00005'),
  },
  {
    name: 'float_double',
    ddl: 'DOUBLE',
    values: [
      ...quoted('0.0', '0.1', '-0.5', '1e+300', '1.7976931348623157e+308'),
      ...quoted('-1.7976931348623157e+308', '2.2250738585072014e-308', '5e-324'),
      { sql: '0.1e0 + 0.2e0', text: '0.30000000000000004' },
      { sql: '9007199254740993', text: '9007199254740992.0' },
      { sql: '16777217', text: '16777217.0' },
    ],
  },
  {
    name: 'float_negative_zero',
    flavours: ['mysql'],
    ddl: 'FLOAT',
    values: [{ sql: '-0e0', text: '-0.0' }],
  },
  {
    // MariaDB stores the sign and shows it to nobody.
    name: 'float_negative_underflow',
    flavours: ['mariadb'],
    ddl: 'FLOAT',
    values: [{ sql: '1e-50 * -1', text: '0.0' }],
  },
  {
    name: 'float_double_negative_zero',
    flavours: ['mysql'],
    ddl: 'DOUBLE',
    values: [{ sql: '-0e0', text: '-0.0' }],
  },
  { name: 'float_double_unsigned', ddl: 'DOUBLE UNSIGNED', values: quoted('0.0', '1e+300') },
];

export const numericCases: readonly TypeCase[] = [
  ...integerCases,
  ...bitCases,
  ...decimalCases,
  ...floatCases,
];
