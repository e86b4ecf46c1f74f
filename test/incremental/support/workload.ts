import * as fc from 'fast-check';

/** One step of a workload: a statement on one of the tables, or a sync. */
export type Step =
  | { readonly kind: 'sync'; readonly deletes: boolean }
  | {
      readonly kind: 'statement';
      readonly what: (typeof STATEMENTS)[number];
      readonly table: number;
      readonly key: number;
      readonly otherKey: number;
      readonly hasDate: boolean;
    };

const STATEMENTS = [
  'insert',
  'update',
  'rekey',
  'delete',
  'unmark',
  'zero',
  'ahead',
  'unseen',
] as const;

interface WorkloadTable {
  readonly name: string;
  readonly ddl: string;
  readonly keyColumns: readonly string[];
  readonly keys: readonly (readonly string[])[];
  /** Whether rejected values are recorded with keys as the server prints them. */
  readonly isKeyText: boolean;
}

const ROW = 'v INT, d DATE, changed';

/** Few keys, so that steps meet: numbers, texts that collations call equal, bytes. */
export const WORKLOAD_TABLES: readonly WorkloadTable[] = [
  {
    name: 'numbered',
    ddl: `(id INT PRIMARY KEY, ${ROW} TIMESTAMP(6) NULL DEFAULT CURRENT_TIMESTAMP(6)
             ON UPDATE CURRENT_TIMESTAMP(6), KEY (changed))`,
    keyColumns: ['id'],
    isKeyText: true,
    keys: [-1, 0, 1, 2, 3, 100_000, 2_147_483_647].map((id) => [String(id)]),
  },
  {
    name: 'paired',
    ddl: `(a VARCHAR(4) COLLATE utf8mb4_general_ci, b SMALLINT, ${ROW} DATETIME NULL
             DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, PRIMARY KEY (b, a))`,
    keyColumns: ['a', 'b'],
    isKeyText: true,
    keys: [
      ["'a'", '1'],
      ["'A'", '1'],
      ["'á'", '1'],
      ["'a '", '1'],
      ["'a'", '-2'],
      ["''", '1'],
      ["'ß'", '1'],
    ],
  },
  {
    name: 'bytes',
    ddl: `(k VARBINARY(3) PRIMARY KEY, ${ROW} DATETIME(6) NULL DEFAULT CURRENT_TIMESTAMP(6)
             ON UPDATE CURRENT_TIMESTAMP(6), KEY (changed))`,
    keyColumns: ['k'],
    isKeyText: false,
    keys: ["x''", "x'00'", "x'0000'", "x'61'", "x'41'", "x'ff'", "x'c3a9'"].map((key) => [key]),
  },
];

/** Statements that make the tables, empty. */
export const CREATE_TABLES: readonly string[] = WORKLOAD_TABLES.map(
  ({ name, ddl }) => `CREATE TABLE ${name} ${ddl}`,
);

const KEYS = 7;

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('sync' as const), deletes: fc.boolean() }),
    },
    {
      weight: 9,
      arbitrary: fc.record({
        kind: fc.constant('statement' as const),
        what: fc.constantFrom(...STATEMENTS, 'insert', 'insert', 'update', 'delete'),
        table: fc.nat(WORKLOAD_TABLES.length - 1),
        key: fc.nat(KEYS - 1),
        otherKey: fc.nat(KEYS - 1),
        hasDate: fc.boolean(),
      }),
    },
  ),
  { minLength: 20, maxLength: 32 },
);

/** The statement of a step; `value` has to be new each time, so that the row changes. */
export function statementOf(step: Extract<Step, { kind: 'statement' }>, value: number): string {
  const { name, keyColumns, keys } = WORKLOAD_TABLES[step.table];
  const key = keys[step.key];
  const other = keys[step.otherKey];
  const list = keyColumns.join(', ');
  const where = keyColumns.map((column, at) => `${column} = ${key[at]}`).join(' AND ');
  const changes = `v = ${value}, d = ${step.hasDate ? 'CURRENT_DATE' : "'0000-00-00'"}`;
  const update = `UPDATE ${name} SET ${changes}`;
  switch (step.what) {
    case 'insert':
      return `INSERT IGNORE INTO ${name} (${list}, v) VALUES (${key.join(', ')}, ${value})`;
    case 'update':
      return `${update} WHERE ${where}`;
    case 'rekey': {
      const assigned = keyColumns.map((column, at) => `${column} = ${other[at]}`).join(', ');
      return `UPDATE IGNORE ${name} SET ${assigned}, ${changes} WHERE ${where}`;
    }
    case 'delete':
      return `DELETE FROM ${name} WHERE ${where}`;
    case 'unmark':
      return `${update}, changed = NULL WHERE ${where}`;
    case 'zero':
      return `${update}, changed = '0000-00-00 00:00:00' WHERE ${where}`;
    case 'ahead':
      return `${update}, changed = '2037-12-31 23:59:59' WHERE ${where}`;
    case 'unseen':
      // Their watermarks tell nothing and stay as they are.
      return `${update}, changed = changed
               WHERE changed IS NULL OR changed < '1970-01-02' OR changed > '2037-01-01'`;
  }
}
