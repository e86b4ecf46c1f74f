import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import type { SyncResult } from '../../src/model/sync-result.js';
import type { HookPlan } from '../e2e/support/hook-plan.js';
import { createTypeTable, fillTypeTable, typeCases } from '../helpers/all-types.js';
import { assertSameData, type CompareOptions } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';

/** Every value at least once, and NULLs among them. */
const ROWS = 70;
/** Every flush the fast way fails, so that every table is read again and written with INSERT. */
const FAILING_APPENDER: HookPlan = { point: 'flush', action: 'fail' };
const PROGRAM = fileURLToPath(new URL('../e2e/support/ducktail-with-hooks.js', import.meta.url));

const OPTIONS = {
  TINYINT1_AS: 'tinyint',
  TIME_AS: 'interval',
  TIMESTAMP_AS: 'timestamptz',
  INCLUDE_TABLES: 'bool_*,time_*,timestamp_*',
};
const TYPES = {
  tinyint1As: 'tinyint',
  timeAs: 'interval',
  timestampAs: 'timestamptz',
} as const satisfies CompareOptions['types'];

/** Every type written with INSERT, from a server of the flavour. */
export function insertFallbackTests(flavour: Flavour): void {
  test(`tables of ${flavour} written with INSERT hold the same values`, async (t) => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    await source.addNumbers(ROWS);
    // The hundreds of megabytes of the largest values would be as many of SQL text.
    const cases = typeCases(flavour).filter(({ name }) => !/long(text|blob)$/.test(name));
    for (const one of cases) {
      await createTypeTable(source, one);
      await fillTypeTable(source, one, ROWS);
    }
    const choices = [
      { name: 'default options', env: {}, types: {}, chosen: cases },
      {
        name: 'the other choices',
        env: OPTIONS,
        types: TYPES,
        chosen: cases.filter((one) => /^(bool|time|timestamp)_/.test(one.name)),
      },
    ];
    for (const { name, env, types, chosen } of choices) {
      await t.test(name, async () => {
        const duckdbPath = folder.file(`${name}.duckdb`);
        const run = await runDucktail(
          [JSON.stringify(FAILING_APPENDER), 'sync', '--json'],
          {
            MYSQL_URL: source.url,
            DUCKDB_PATH: duckdbPath,
            INSERT_BATCH_SIZE: '50',
            TZ: 'America/New_York',
            ...env,
          },
          { program: PROGRAM },
        );
        assert.equal(run.exitCode, 0, run.stderr);
        const { tables } = run.json<SyncResult>();
        for (const one of chosen) {
          assert.ok(tables.some(({ table }) => table === one.name));
          assert.match(run.stderr, new RegExp(`${one.name}: .*INSERT`));
        }
        await assertSameData(source, duckdbPath, {
          types,
          tables: chosen.map((one) => one.name),
        });
      });
    }
  });
}
