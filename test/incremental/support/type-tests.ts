import assert from 'node:assert/strict';
import test from 'node:test';
import { assertSameData } from '../../helpers/compare.js';
import { createTypeTable, fillTypeTable, typeCases } from '../../helpers/all-types.js';
import type { Flavour } from '../../servers/test-server.js';
import { SyncedCopy } from './synced-copy.js';

const ROWS = 70;

const OTHER_OPTIONS = { TINYINT1_AS: 'tinyint', TIME_AS: 'interval', TIMESTAMP_AS: 'timestamptz' };
const OTHER_TYPES = {
  tinyint1As: 'tinyint',
  timeAs: 'interval',
  timestampAs: 'timestamptz',
} as const;

/** Every value of every type, by incremental syncs from a server of the flavour. */
export function typeTests(flavour: Flavour): void {
  test(`every value of every type comes over from ${flavour} by an incremental sync`, async (t) => {
    await using copy = await SyncedCopy.open(flavour, { EXCLUDE_TABLES: 'numbers' });
    await using other = await SyncedCopy.open(flavour);
    const { source } = copy;
    const otherVariables = {
      ...OTHER_OPTIONS,
      MYSQL_URL: source.url,
      INCLUDE_TABLES: 'bool_*,time_*,timestamp_*',
    };
    await source.addNumbers(ROWS);
    // Without the huge values: these take the same way.
    const cases = typeCases(flavour).map((one) => ({
      ...one,
      values: one.values.filter(({ once = false }) => !once),
    }));
    for (const one of cases) {
      await createTypeTable(source, one);
      await source.run(
        `ALTER TABLE \`${one.name}\` ADD changed TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
           ON UPDATE CURRENT_TIMESTAMP(6)`,
      );
    }
    const tables = cases.map(({ name }) => name);
    await copy.sync();
    await other.sync([], otherVariables);

    const sync = async (): Promise<void> => {
      for (const { table, mode } of (await copy.sync()).all()) {
        assert.equal(mode, 'incremental', table);
      }
      await copy.assertSame({ tables });
    };

    await t.test('rows that are new', async () => {
      for (const one of cases) await fillTypeTable(source, one, ROWS);
      await sync();
    });

    await t.test('rows that stay as they are', async () => {
      await copy.syncAgain();
    });

    await t.test('rows whose values pass from one to the next', async () => {
      for (const { name, values } of cases) {
        // Columns that the server computes have no values of their own.
        if (values.length === 0) continue;
        await source.run(
          `UPDATE \`${name}\` AS t JOIN \`${name}\` AS o ON o.id = t.id + 1
              SET t.v = o.v WHERE t.id % 3 <> 0`,
        );
      }
      await sync();
    });

    await t.test('with the other choices for TINYINT(1), TIME and TIMESTAMP', async () => {
      await other.sync([], otherVariables);
      await assertSameData(source, other.duckdbPath, {
        tables: tables.filter((name) => /^(bool|time|timestamp)_/.test(name)),
        types: OTHER_TYPES,
      });
      await other.syncAgain([], otherVariables);
    });
  });
}
