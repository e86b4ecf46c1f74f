import assert from 'node:assert/strict';
import test from 'node:test';
import { createTypeTable, fillTypeTable, firstIdOf, typeCases } from '../helpers/all-types.js';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { TypeCase } from '../helpers/types/type-case.js';
import type { Flavour } from '../servers/test-server.js';
import { RunningService } from './support/running-service.js';
import { assertSameFiles, assertSameReplica } from './support/same-replica.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
const ROWS = 70;
const LATER_IDS = 1000;

const OTHER_VARIABLES = {
  TINYINT1_AS: 'tinyint',
  TIME_AS: 'interval',
  TIMESTAMP_AS: 'timestamptz',
  INCLUDE_TABLES: 'bool_*,time_*,timestamp_*',
};
const OTHER_TYPES = {
  tinyint1As: 'tinyint',
  timeAs: 'interval',
  timestampAs: 'timestamptz',
} as const;

/**
 * Rows that are updated once, twice, given another key, deleted, and left as they were inserted.
 * Huge values don't multiply.
 */
async function changeRows(source: TestSource, { name, values }: TypeCase): Promise<void> {
  const table = `\`${name}\``;
  // Columns that the server computes have no values of their own.
  if (values.length > 0) {
    const huge = values.flatMap(({ once = false }, index) => (once ? [firstIdOf(index)] : []));
    const from = (offset: number): string =>
      `${table} AS t JOIN ${table} AS o
         ON o.id = t.id + ${offset} AND o.id NOT IN (${[-1, ...huge].join(', ')})`;
    await source.run(
      `UPDATE ${from(1)} SET t.v = o.v WHERE t.id % 3 <> 0`,
      `UPDATE ${table} SET v = NULL WHERE id % 10 = 1`,
      `UPDATE ${from(2)} SET t.v = o.v WHERE t.v IS NULL`,
    );
  }
  await source.run(
    `UPDATE ${table} SET id = id + ${LATER_IDS} WHERE id % 7 = 2`,
    `DELETE FROM ${table} WHERE id % 7 = 4`,
  );
}

for (const flavour of FLAVOURS) {
  test(`every value of every type comes over from ${flavour} by its binlog`, async (t) => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    await source.addNumbers(ROWS);
    const cases = typeCases(flavour);
    for (const one of cases) await createTypeTable(source, one);
    const variables = { EXCLUDE_TABLES: 'numbers' };
    const duckdbPath = folder.file('replica.duckdb');
    await using service = await RunningService.start(source, duckdbPath, { variables });
    const otherPath = folder.file('other.duckdb');
    await using other = await RunningService.start(source, otherPath, {
      variables: OTHER_VARIABLES,
    });

    for (const one of cases) await fillTypeTable(source, one, ROWS);
    await service.caughtUp();
    for (const one of cases) await changeRows(source, one);
    await service.caughtUp();
    await other.caughtUp();
    await service.stop();
    await other.stop();

    await t.test('as the source has it', async () => {
      await assertSameReplica(source, duckdbPath, { isLeftOut: (name) => name === 'numbers' });
    });

    await t.test('as a new copy has it', async () => {
      const copyPath = folder.file('copy.duckdb');
      const env = { MYSQL_URL: source.url, DUCKDB_PATH: copyPath, ...variables };
      const run = await runDucktail(['sync', '--full', '--json'], env);
      assert.equal(run.exitCode, 0, run.stderr);
      await assertSameFiles(duckdbPath, copyPath);
    });

    await t.test('with the other choices for TINYINT(1), TIME and TIMESTAMP', async () => {
      await assertSameData(source, otherPath, {
        tables: cases
          .map(({ name }) => name)
          .filter((name) => /^(bool|time|timestamp)_/.test(name)),
        types: OTHER_TYPES,
      });
    });
  });
}
