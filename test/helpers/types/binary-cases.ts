import { expressions, type TypeCase, type TypeValue } from './type-case.js';

function bytes(...hex: readonly string[]): TypeValue[] {
  return hex.map((one) => ({ sql: one === '' ? `''` : `x'${one}'` }));
}

function counted(length: number): string {
  return Array.from({ length }, (_, i) =>
    ((i * 37 + 200) % 256).toString(16).padStart(2, '0'),
  ).join('');
}

/** A length inside DuckDB's string, at its bound, and beyond. */
const LENGTHS = [0, 1, 4, 11, 12, 13, 15, 16, 17, 159, 160, 161, 255];

export const binaryCases: readonly TypeCase[] = [
  {
    name: 'bin_binary',
    ddl: 'BINARY(4)',
    values: [
      { sql: `x'00'`, text: '\\x00\\x00\\x00\\x00' },
      { sql: `x'01000000'`, text: '\\x01\\x00\\x00\\x00' },
      { sql: `'ab'`, text: 'ab\\x00\\x00' },
      { sql: `x'61620020'`, text: 'ab\\x00 ' },
      { sql: `x'FFFFFFFF'`, text: '\\xFF\\xFF\\xFF\\xFF' },
    ],
  },
  { name: 'bin_binary_16', ddl: 'BINARY(16)', values: bytes('', counted(16), '00'.repeat(16)) },
  {
    name: 'bin_varbinary',
    ddl: 'VARBINARY(255)',
    values: bytes('', '00', '0000', '61620000', '20', 'C328', 'EDA080', ...LENGTHS.map(counted)),
  },
  { name: 'bin_char_binary', ddl: 'CHAR(5) CHARACTER SET binary', values: bytes('', '61', 'FF00') },
  { name: 'bin_tinyblob', ddl: 'TINYBLOB', values: bytes('', '00', counted(255)) },
  {
    name: 'bin_blob',
    ddl: 'BLOB',
    values: [...bytes('', '00FF', counted(3000)), { sql: `REPEAT(x'00', 65535)`, once: true }],
  },
  {
    name: 'bin_mediumblob',
    ddl: 'MEDIUMBLOB',
    values: [...bytes('', '80'), { sql: `REPEAT(x'DEADBEEF', 30000)`, once: true }],
  },
  {
    name: 'bin_longblob',
    ddl: 'LONGBLOB',
    values: [
      ...bytes('', 'FE', 'FF'),
      { sql: `CONCAT(REPEAT(x'00FF80FE', ${(17 * 2 ** 20) / 4}), x'01')`, once: true },
      { sql: `REPEAT(x'0102030405060708', ${(33 * 2 ** 20) / 8})`, once: true },
    ],
  },
  {
    name: 'bin_vector',
    flavours: ['mysql'],
    ddl: 'VECTOR(3)',
    values: [
      { sql: `STRING_TO_VECTOR('[1,2,3]')`, text: '[1.0, 2.0, 3.0]' },
      { sql: `STRING_TO_VECTOR('[0.1,-0.5,3.4028235e38]')`, text: '[0.1, -0.5, 3.4028235e+38]' },
      { sql: `STRING_TO_VECTOR('[0,-1,16777216]')`, text: '[0.0, -1.0, 16777216.0]' },
      // Fewer than the column allows.
      { sql: `STRING_TO_VECTOR('[7]')`, text: '[7.0]' },
      { sql: `x'0000008001000000FFFF7F00'`, text: '[-0.0, 1e-45, 1.1754942e-38]' },
    ],
  },
  {
    name: 'bin_vector_long',
    flavours: ['mysql'],
    ddl: 'VECTOR(16383)',
    values: [
      ...expressions(`REPEAT(x'CDCCCC3D', 100)`, `REPEAT(x'0000803F00004040', 500)`),
      { sql: `REPEAT(x'00000040', 16383)`, once: true },
    ],
  },
  {
    name: 'mariadb_uuid',
    flavours: ['mariadb'],
    ddl: 'UUID',
    values: [
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
      '80000000-0000-0000-0000-000000000000',
      '7fffffff-ffff-ffff-ffff-ffffffffffff',
      '123e4567-e89b-12d3-a456-426655440000',
    ].map((text) => ({ sql: `'${text}'`, text })),
  },
  {
    name: 'mariadb_inet4',
    flavours: ['mariadb'],
    ddl: 'INET4',
    values: ['0.0.0.0', '127.0.0.1', '255.255.255.255'].map((text) => ({ sql: `'${text}'`, text })),
  },
  {
    name: 'mariadb_inet6',
    flavours: ['mariadb'],
    ddl: 'INET6',
    values: [
      ...['::', '::1', '2001:db8::ff00:42:8329', '::ffff:192.0.2.128'],
      'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    ].map((text) => ({ sql: `'${text}'`, text })),
  },
];
