import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../src/model/sync-result.js';
import {
  createTypeTable,
  fillTypeTable,
  firstIdOf,
  type TypeCase,
  typeCases,
  type TypeValue,
} from '../helpers/all-types.js';
import { assertSameData, type CompareOptions } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { Replica } from '../helpers/replica.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';

/** Beyond DuckDB's vector of 2,048 values. */
const ROWS = 2060;

const OTHER_OPTIONS = {
  TINYINT1_AS: 'tinyint',
  TIME_AS: 'interval',
  TIMESTAMP_AS: 'timestamptz',
};
const OTHER_TYPES = {
  tinyint1As: 'tinyint',
  timeAs: 'interval',
  timestampAs: 'timestamptz',
} as const satisfies CompareOptions['types'];

async function syncedInto(
  duckdbPath: string,
  source: TestSource,
  env: Readonly<Record<string, string>>,
): Promise<SyncResult> {
  const run = await runDucktail(['sync', '--json'], {
    MYSQL_URL: source.url,
    DUCKDB_PATH: duckdbPath,
    ...env,
  });
  assert.equal(run.exitCode, 0, run.stderr);
  return run.json<SyncResult>();
}

/** The first row of each value is what the case says, independently of what the server prints. */
async function assertTexts(
  replica: Replica,
  { name, values }: TypeCase,
  expected: (value: TypeValue) => string | null | undefined,
): Promise<void> {
  const rows = await replica.texts(
    `SELECT CAST(id AS VARCHAR), CAST(v AS VARCHAR) FROM "${name}" WHERE id <= ${values.length}`,
  );
  const texts = new Map(rows.map(([id, text]) => [Number(id), text]));
  for (const [index, value] of values.entries()) {
    const text = expected(value);
    if (text !== undefined) {
      assert.equal(texts.get(firstIdOf(index)), text, `${name}: ${value.sql}`);
    }
  }
}

async function assertReasons(replica: Replica, { name, values }: TypeCase): Promise<void> {
  const rows = await replica.texts(
    `SELECT json_extract_string(row_key, '$[0]'), reason
       FROM _ducktail.rejected_values WHERE table_name = '${name}' AND column_name = 'v'`,
  );
  const reasons = new Map(rows.map(([id, reason]) => [Number(id), reason]));
  for (const [index, { rejected, text, sql }] of values.entries()) {
    if (rejected === undefined && text === undefined) continue;
    assert.equal(reasons.get(firstIdOf(index)), rejected, `${name}: ${sql}`);
  }
}

/** Copies of every value of every type, from a server of the flavour. */
export function typeTests(flavour: Flavour): void {
  test(`every value of every type comes over from ${flavour}`, async (t) => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    await source.addNumbers(ROWS);
    const cases = typeCases(flavour);
    for (const one of cases) {
      await createTypeTable(source, one);
      await fillTypeTable(source, one, ROWS);
    }

    await t.test('with default options', async () => {
      const duckdbPath = folder.file('default.duckdb');
      const result = await syncedInto(duckdbPath, source, {});
      assert.equal(result.tables.length, cases.length + 1);
      const compared = await assertSameData(source, duckdbPath);
      assert.equal(compared.rows, (cases.length + 1) * ROWS);
      using replica = await Replica.open(duckdbPath);
      for (const one of cases) {
        await assertTexts(replica, one, ({ text }) => text);
        await assertReasons(replica, one);
      }
    });

    await t.test('with the other choices for TINYINT(1), TIME and TIMESTAMP', async () => {
      const duckdbPath = folder.file('other.duckdb');
      const chosen = cases.filter(({ name }) => /^(bool|time|timestamp)_/.test(name));
      const tables = chosen.map(({ name }) => name);
      await syncedInto(duckdbPath, source, {
        ...OTHER_OPTIONS,
        INCLUDE_TABLES: 'bool_*,time_*,timestamp_*',
      });
      await assertSameData(source, duckdbPath, { tables, types: OTHER_TYPES });
      using replica = await Replica.open(duckdbPath);
      for (const one of chosen) await assertTexts(replica, one, ({ otherText }) => otherText);
    });
  });
}
