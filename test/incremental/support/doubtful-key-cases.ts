import { day, type TableCase, withChanged } from './table-case.js';

/** Collations call these keys equal; they are different texts. */
const sameButNotEqual: readonly TableCase[] = [
  'VARCHAR(10)',
  'VARCHAR(10) COLLATE utf8mb4_general_ci',
].map((type, at) => ({
  table: `case_of_key_${at}`,
  ddl: withChanged(`k ${type} PRIMARY KEY, v INT`),
  seed: ["('abc', 1, ", "('Straße', 2, ", "('z', 3, ", "('zz', 4, "].map(
    (row, index) => `INSERT INTO @ VALUES ${row}${day(index + 1)})`,
  ),
  change: [
    "UPDATE @ SET k = 'ABC' WHERE k = 'abc'",
    "UPDATE @ SET k = 'Z', v = 30 WHERE k = 'z'",
    "DELETE FROM @ WHERE k = 'Straße'",
    "INSERT INTO @ (k, v) VALUES ('STRAßE', 20)",
  ],
  gone: null,
}));

const trailingSpace: TableCase = {
  table: 'space_behind_key',
  ddl: withChanged('k VARCHAR(10) COLLATE utf8mb4_general_ci PRIMARY KEY, v INT'),
  seed: [`INSERT INTO @ VALUES ('a', 1, ${day(1)}), ('b', 2, ${day(2)})`],
  change: ["UPDATE @ SET k = 'a ' WHERE k = 'a'"],
  gone: null,
};

/** Keys that the replica's type cannot tell apart, or cannot hold. */
export const LOSSY_KEY_CASES: readonly TableCase[] = [
  {
    table: 'lossy_boolean',
    ddl: withChanged(
      'a TINYINT(1), b INT, v INT',
      'TIMESTAMP(6)',
      'PRIMARY KEY (a, b), KEY (changed)',
    ),
    seed: [1, 2, -1, 0].map((a, at) => `INSERT INTO @ VALUES (${a}, 5, ${a}, ${day(at + 1)})`),
    change: ['UPDATE @ SET v = 20 WHERE a = 2', 'DELETE FROM @ WHERE a = 1'],
    gone: null,
  },
  {
    table: 'lossy_date',
    ddl: withChanged('d DATE PRIMARY KEY, v INT'),
    seed: ['0000-00-00', '2024-00-00', '2024-02-30', '2024-01-01'].map(
      (date, at) => `INSERT INTO @ VALUES ('${date}', ${at}, ${day(at + 1)})`,
    ),
    change: ['UPDATE @ SET v = 20 WHERE v = 1', 'DELETE FROM @ WHERE v = 2'],
    gone: null,
  },
  {
    table: 'lossy_time',
    ddl: withChanged('t TIME PRIMARY KEY, v INT'),
    seed: ['-01:00:00', '25:00:00', '26:00:00', '01:00:00'].map(
      (time, at) => `INSERT INTO @ VALUES ('${time}', ${at}, ${day(at + 1)})`,
    ),
    change: ['UPDATE @ SET v = 20 WHERE v = 1', 'DELETE FROM @ WHERE v = 2'],
    gone: null,
  },
];

export const EQUAL_KEY_CASES: readonly TableCase[] = [...sameButNotEqual, trailingSpace];
