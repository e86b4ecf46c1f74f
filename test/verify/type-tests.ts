import assert from 'node:assert/strict';
import test from 'node:test';
import { createTypeTable, fillTypeTable, type TypeCase, typeCases } from '../helpers/all-types.js';
import { assertSameData, type CompareOptions } from '../helpers/compare.js';
import { Replica } from '../helpers/replica.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';
import { createTypeGroup, type TypeGroup, typeGroups } from './type-groups.js';
import { corrupt, synced, tableOf, verified } from './verified.js';

/** With NULL in the first and in the 64th. */
const ROWS = 65;

interface Options {
  /** The types that the options are about, by the names of their cases. */
  readonly about: RegExp;
  readonly env: Readonly<Record<string, string>>;
  readonly types: NonNullable<CompareOptions['types']>;
}

const OPTIONS: readonly Options[] = [
  { about: /^/, env: {}, types: {} },
  {
    about: /^(bool|time|timestamp)_/,
    env: {
      TINYINT1_AS: 'tinyint',
      TIME_AS: 'interval',
      TIMESTAMP_AS: 'timestamptz',
    },
    types: { tinyint1As: 'tinyint', timeAs: 'interval', timestampAs: 'timestamptz' },
  },
];

interface Corruption {
  readonly column: string;
  readonly id: string;
  readonly statement: string;
}

/** For each column a row that gets the value of another one, or NULL where all values are the same. */
async function planCorruptions(path: string, { table, cases }: TypeGroup): Promise<Corruption[]> {
  using replica = await Replica.open(path);
  const corruptions: Corruption[] = [];
  for (const { name: column } of cases) {
    const values = await replica.texts(
      `SELECT CAST(min(id) AS VARCHAR) FROM "${table}" WHERE "${column}" IS NOT NULL
        GROUP BY CAST("${column}" AS VARCHAR) ORDER BY min(id)`,
    );
    const [first = null, second = null] = values.map(([id]) => id);
    // All its values may be such that the replica can't hold.
    if (first === null) continue;
    const id = second ?? first;
    const value =
      second === null ? 'NULL' : `(SELECT "${column}" FROM "${table}" WHERE id = ${first})`;
    const statement = `UPDATE "${table}" SET "${column}" = ${value} WHERE id = ${id}`;
    corruptions.push({ column, id, statement });
  }
  assert.ok(corruptions.length >= cases.length - 1);
  return corruptions;
}

/** Cases that the groups do not have, or not with their largest values. */
function isAlone(one: TypeCase, groups: readonly TypeGroup[]): boolean {
  return (
    one.values.some(({ once }) => once) ||
    !groups.some(({ cases }) => cases.some(({ name }) => name === one.name))
  );
}

/** Every type compared with a server of the flavour. */
export function typeTests(flavour: Flavour): void {
  test(`every type is compared by value: ${flavour}`, async (t) => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    await source.addNumbers(ROWS);
    const groups = typeGroups(flavour);
    for (const group of groups) await createTypeGroup(source, group);
    const alone = typeCases(flavour).filter((one) => isAlone(one, groups));
    for (const one of alone) {
      await createTypeTable(source, one);
      await fillTypeTable(source, one, ROWS);
    }
    for (const [at, { about, env: options, types }] of OPTIONS.entries()) {
      const path = folder.file(`${at}.duckdb`);
      const chosen = groups.filter(({ cases }) => cases.some(({ name }) => about.test(name)));
      const tables = [...alone.map(({ name }) => name), ...chosen.map(({ table }) => table)];
      const env = {
        MYSQL_URL: source.url,
        DUCKDB_PATH: path,
        INCLUDE_TABLES: (at === 0 ? tables : chosen.map(({ table }) => table)).join(','),
        ...options,
      };

      await t.test(`equal after a sync with ${JSON.stringify(options)}`, async () => {
        await synced(env);
        const result = await verified(env);
        assert.deepEqual(
          result.tables.filter(({ error, differingRows }) => error !== null || differingRows > 0),
          [],
        );
        assert.equal(result.equal, true);
        const copies = result.tables.filter(({ table }) => !table.startsWith('group_'));
        assert.ok(copies.every(({ rows, settled }) => rows === ROWS && settled));
        if (at === 0) assert.equal(result.tables.length, tables.length);
      });

      await t.test(
        `a wrong value is named and mended with ${JSON.stringify(options)}`,
        async () => {
          const planned = new Map<string, Corruption[]>();
          for (const group of chosen) planned.set(group.table, await planCorruptions(path, group));
          await corrupt(path, ...[...planned.values()].flat().map(({ statement }) => statement));
          const result = await verified(env, '--repair', ...chosen.map(({ table }) => table));
          for (const [table, corruptions] of planned) {
            const { changed, missing, extra, repaired, examples } = tableOf(result, table);
            const rows = new Set(corruptions.map(({ id }) => id)).size;
            assert.deepEqual(
              { changed, missing, extra, repaired },
              { changed: rows, missing: 0, extra: 0, repaired: rows },
              table,
            );
            assert.deepEqual(
              examples.map(({ key, column }) => `${String(key)} ${String(column)}`).sort(),
              corruptions.map(({ id, column }) => `${id} ${column}`).sort(),
              table,
            );
          }
          assert.equal(result.equal, true);
          await assertSameData(source, path, { tables: chosen.map(({ table }) => table), types });
        },
      );
    }
  });
}
