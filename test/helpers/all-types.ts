import type { Flavour } from '../servers/test-server.js';
import type { TestSource } from './test-source.js';
import { binaryCases } from './types/binary-cases.js';
import { computedCases } from './types/computed-cases.js';
import { geometryCases } from './types/geometry-cases.js';
import { jsonCases } from './types/json-cases.js';
import { numericCases } from './types/numeric-cases.js';
import { temporalCases } from './types/temporal-cases.js';
import { textCases } from './types/text-cases.js';
import type { TypeCase } from './types/type-case.js';

export type { TypeCase, TypeValue } from './types/type-case.js';

/** Every type that a column can have, at its extremes: what every way of copying is held against. */
const allTypes: readonly TypeCase[] = [
  ...numericCases,
  ...temporalCases,
  ...textCases,
  ...binaryCases,
  ...jsonCases,
  ...geometryCases,
  ...computedCases,
];

export function typeCases(flavour: Flavour): TypeCase[] {
  return allTypes.filter(({ flavours }) => flavours?.includes(flavour) ?? true);
}

/** Where validity words and DuckDB's vectors begin and end. */
const NULL_IDS = [0, 63, 64, 2047, 2048];

/** The `id` of the row that first holds the case's value at `index`. */
export function firstIdOf(index: number): number {
  return index + 1;
}

export async function createTypeTable(source: TestSource, { name, ddl }: TypeCase): Promise<void> {
  await source.run(`CREATE TABLE \`${name}\` (id INT NOT NULL PRIMARY KEY, v ${ddl})`);
}

/**
 * Fills a case's table with `rows` rows: each value once from `id` 1 on, then again and again, but
 * for NULLs at the ids that lie beside a boundary. Needs the source's `numbers`.
 */
export async function fillTypeTable(
  source: TestSource,
  { name, session = [], values }: TypeCase,
  rows: number,
): Promise<void> {
  if (values.length === 0) {
    await source.run(`INSERT INTO \`${name}\` (id) SELECT n FROM numbers WHERE n < ${rows}`);
    return;
  }
  if (values.length >= NULL_IDS[1]) throw new Error(`${name}: too many values before row 63`);
  await source.run(...session);
  const repeated = values.filter(({ once = false }) => !once).length;
  if (values.slice(0, repeated).some(({ once }) => once)) {
    throw new Error(`${name}: values that come once have to be last`);
  }
  const first = values.map(({ sql }, index) => `(${firstIdOf(index)}, ${sql})`);
  const nulls = NULL_IDS.filter((id) => id < rows);
  await source.run(
    `INSERT INTO \`${name}\` (id, v)
       VALUES ${[...first, ...nulls.map((id) => `(${id}, NULL)`)].join(', ')}`,
    `INSERT INTO \`${name}\` (id, v)
       SELECT n, v FROM numbers JOIN \`${name}\` ON id = 1 + n % ${repeated}
        WHERE n BETWEEN ${values.length + 1} AND ${rows - 1} AND n NOT IN (${nulls.join(', ')})`,
    "SET time_zone = '+00:00'",
  );
}
