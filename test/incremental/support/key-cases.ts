import type { Flavour } from '../../servers/test-server.js';
import { day, type TableCase, withChanged } from './table-case.js';

interface KeyTypes {
  readonly name: string;
  readonly flavours?: readonly Flavour[];
  /** The key's columns, as in CREATE TABLE, and how the key is declared if not over all of them. */
  readonly columns: Readonly<Record<string, string>>;
  readonly declared?: string;
  /** False where the key's texts are spelled otherwise in what is recorded of rejected values. */
  readonly isKeyText?: boolean;
  /**
   * At least five keys, each with one literal for each column. The first one's row is updated, the
   * second's deleted, the third becomes the last, which was not there before.
   */
  readonly keys: readonly (readonly string[])[];
}

const UNSIGNED_MAX = '18446744073709551615';

function single(type: string, ...literals: readonly string[]): Omit<KeyTypes, 'name'> {
  return { columns: { k: type }, keys: literals.map((literal) => [literal]) };
}

const TEXTS = ["''", "'B'", "'a'", "'straße'", "'Ω'", "'zz top'", "'%_'", "'quo''te'", "'😀'"];

const NUMBER_KEYS: readonly KeyTypes[] = [
  { name: 'int', ...single('INT', '-2147483648', '-1', '0', '7', '2147483647') },
  {
    name: 'bigint',
    ...single('BIGINT', '-9223372036854775808', '-1', '0', '9007199254740993', '9007199254740992'),
  },
  {
    name: 'bigint_unsigned',
    ...single(
      'BIGINT UNSIGNED',
      UNSIGNED_MAX,
      '9223372036854775808',
      '9223372036854775807',
      '0',
      '18446744073709551614',
    ),
  },
  {
    name: 'zerofill',
    isKeyText: false,
    ...single('INT(8) ZEROFILL', '1', '20', '300', '4000', '50000'),
  },
  {
    name: 'decimal',
    ...single('DECIMAL(20,4)', '-0.0001', '0', '1.5', '10', '9999999999999999.9999'),
  },
  {
    name: 'long_decimal',
    ...single('DECIMAL(65,0)', '-9', '9', '10', `1${'0'.repeat(60)}`, `-1${'0'.repeat(60)}`),
  },
  { name: 'double', isKeyText: false, ...single('DOUBLE', '-1.5e300', '0', '0.1', '1e22', '1e-7') },
  { name: 'float', isKeyText: false, ...single('FLOAT', '-1.5', '0', '0.5', '1048576', '65536.5') },
  { name: 'year', ...single('YEAR', '1901', '2000', '2024', '2155', '1999') },
  {
    name: 'bit',
    isKeyText: false,
    ...single('BIT(10)', "b'0'", "b'1'", "b'1000000000'", "b'1111111111'", "b'10'"),
  },
];

const TEXT_KEYS: readonly KeyTypes[] = [
  { name: 'text', ...single('VARCHAR(20)', ...TEXTS) },
  { name: 'text_general', ...single('VARCHAR(20) COLLATE utf8mb4_general_ci', ...TEXTS) },
  {
    name: 'text_bin',
    ...single('VARCHAR(20) COLLATE utf8mb4_bin', "'A'", "'a'", "'á'", "'B'", "'b'", "'é'"),
  },
  {
    name: 'latin',
    ...single('VARCHAR(20) CHARACTER SET latin1', "'a'", "'é'", "'ß'", "'z'", "'ü'"),
  },
  { name: 'fixed_text', ...single('CHAR(5)', "''", "'a'", "'B'", "'zzzzz'", "'c'") },
  { name: 'long_text', ...single('TEXT', ...TEXTS), declared: 'PRIMARY KEY (k(20))' },
  {
    name: 'enum',
    ...single("ENUM('z', 'a', 'm', 'B', 'last')", "'z'", "'a'", "'m'", "'B'", "'last'"),
  },
  { name: 'set', ...single("SET('z', 'a', 'm')", "''", "'z'", "'z,a'", "'z,a,m'", "'m'") },
  {
    name: 'varbinary',
    isKeyText: false,
    ...single('VARBINARY(8)', "x''", "x'00'", "x'0000'", "x'ff00ff'", "x'41'", "x'80'"),
  },
  {
    name: 'binary',
    isKeyText: false,
    ...single('BINARY(3)', "x'000000'", "x'410000'", "x'fffefd'", "x'616263'", "x'410001'"),
  },
  {
    name: 'blob',
    isKeyText: false,
    ...single('BLOB', "x''", "x'00'", "x'c328'", "x'ff'", "x'7f'"),
    declared: 'PRIMARY KEY (k(8))',
  },
  {
    name: 'uuid',
    flavours: ['mariadb'],
    ...single(
      'UUID',
      ...['00000000-0000-0000-0000-000000000000', '123e4567-e89b-12d3-a456-426655440000'].map(
        (text) => `'${text}'`,
      ),
      ...['8aaaaaaa-0000-4000-8000-000000000001', 'ffffffff-ffff-ffff-ffff-ffffffffffff'].map(
        (text) => `'${text}'`,
      ),
      "'01890000-0000-7000-8000-000000000001'",
    ),
  },
  {
    name: 'inet6',
    flavours: ['mariadb'],
    ...single('INET6', "'::'", "'::1'", "'2001:db8::ff'", "'fe80::1'", "'::10.0.0.1'"),
  },
];

const TIME_KEYS: readonly KeyTypes[] = [
  {
    name: 'date',
    ...single(
      'DATE',
      "'0001-01-01'",
      "'1970-01-01'",
      "'2024-02-29'",
      "'9999-12-31'",
      "'2024-03-01'",
    ),
  },
  {
    name: 'datetime',
    ...single(
      'DATETIME(6)',
      ...["'1000-01-01 00:00:00'", "'1969-12-31 23:59:59.999999'", "'2024-02-29 12:00:00.000001'"],
      ...["'9999-12-31 23:59:59.999999'", "'2024-02-29 12:00:00.000002'"],
    ),
  },
  {
    name: 'timestamp',
    ...single(
      'TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)',
      ...["'1970-01-01 00:00:01'", "'2024-10-27 00:30:00.001'", "'2024-10-27 01:30:00'"],
      ...["'2038-01-19 03:14:07.999'", "'2024-10-27 00:30:00.002'"],
    ),
  },
  {
    name: 'time',
    ...single(
      'TIME(6)',
      "'00:00:00'",
      "'00:00:00.000001'",
      "'12:00:00'",
      "'23:59:59.999999'",
      "'01:00:00'",
    ),
  },
];

const SHAPED_KEYS: readonly KeyTypes[] = [
  {
    name: 'composite',
    columns: { b: 'VARCHAR(10)', a: 'INT' },
    keys: [
      ["'x'", '1'],
      ["'x'", '2'],
      ["'y'", '1'],
      ["'z'", '-5'],
      ["'y'", '2'],
    ],
  },
  {
    name: 'composite_of_three',
    isKeyText: false,
    columns: { a: 'VARBINARY(4)', b: 'DATETIME(6)', c: 'BIGINT UNSIGNED' },
    declared: 'PRIMARY KEY (c, a, b)',
    keys: [
      ["x'00'", "'2024-01-01 00:00:00.5'", UNSIGNED_MAX],
      ["x'00'", "'2024-01-01 00:00:00.5'", '0'],
      ["x'00'", "'2024-01-01 00:00:00.6'", '0'],
      ["x'ff'", "'2024-01-01 00:00:00.6'", '1'],
      ["x'ff'", "'2024-01-01 00:00:00.5'", '0'],
    ],
  },
  {
    name: 'unique_index',
    isKeyText: false,
    columns: { a: 'INT NOT NULL', b: 'INT NOT NULL' },
    declared: 'UNIQUE (b, a)',
    keys: [
      ['1', '1'],
      ['1', '2'],
      ['2', '1'],
      ['3', '3'],
      ['2', '2'],
    ],
  },
  {
    name: 'texts_that_run_together',
    columns: { a: 'VARCHAR(10)', b: 'VARCHAR(10)' },
    keys: [
      ["'a'", "'bc'"],
      ["'ab'", "'c'"],
      ["'a|b'", "'c'"],
      ["'a'", "'b|c'"],
      ["''", "'abc'"],
    ],
  },
];

/** Of the first four rows: the first one's is repaired. */
const NO_DATES = ['0000-00-00', '2024-00-00', '2024-02-30', '0000-00-00'];

/** Keys of every type and shape, each through an update, a delete and a change of key. */
export const KEY_CASES: readonly TableCase[] = [
  ...NUMBER_KEYS,
  ...TEXT_KEYS,
  ...TIME_KEYS,
  ...SHAPED_KEYS,
].map(keyCase);

function keyCase({
  name,
  flavours,
  columns,
  declared,
  keys,
  isKeyText = true,
}: KeyTypes): TableCase {
  const names = Object.keys(columns);
  const list = names.join(', ');
  const ddl = Object.entries(columns).map(([column, type]) => `${column} ${type}`);
  const is = (key: readonly string[]): string =>
    names.map((column, at) => `${column} = ${key[at]}`).join(' AND ');
  const seeded = keys.slice(0, -1);
  const last = keys[keys.length - 1];
  return {
    table: `key_${name}`,
    ...(flavours === undefined ? {} : { flavours }),
    ddl: withChanged(
      [...ddl, 'v INT', 'd DATE'].join(', '),
      'TIMESTAMP(6)',
      `${declared ?? `PRIMARY KEY (${list})`}, KEY (changed)`,
    ),
    seed: seeded.map(
      (key, at) =>
        `INSERT INTO @ (${list}, v, d, changed)
           VALUES (${key.join(', ')}, ${at}, '${NO_DATES[at] ?? '2024-01-01'}', ${day(at + 1)})`,
    ),
    change: [
      `UPDATE @ SET v = 100, d = '2024-01-01' WHERE ${is(keys[0])}`,
      `DELETE FROM @ WHERE ${is(keys[1])}`,
      `UPDATE @ SET ${names.map((column, at) => `${column} = ${last[at]}`).join(', ')}
        WHERE ${is(keys[2])}`,
    ],
    counts: { inserted: 1, updated: 1, unchanged: 1 },
    gone: 2,
    rejected: { before: 4, after: 4, withoutGone: 2 },
    ...(isKeyText ? {} : { hasKeyTexts: false }),
  };
}
