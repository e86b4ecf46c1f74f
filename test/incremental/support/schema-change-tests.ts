import assert from 'node:assert/strict';
import test from 'node:test';
import { passSecond } from '../../e2e/support/server-clock.js';
import type { Flavour } from '../../servers/test-server.js';
import { SCHEMA_CASES } from './schema-cases.js';
import { SyncedCopy } from './synced-copy.js';
import { day, runOn, type TableCase, withChanged } from './table-case.js';

const UNTOUCHED: TableCase = {
  table: 'untouched',
  ddl: withChanged('id INT PRIMARY KEY, v INT'),
  seed: [`INSERT INTO @ VALUES (1, 1, ${day(1)})`],
  change: [],
};

/** Tables of every case of a changed definition, on a server of the flavour. */
export function schemaChangeTests(flavour: Flavour): void {
  test(`tables whose definition changes come over from ${flavour}`, async (t) => {
    await using copy = await SyncedCopy.open(flavour);
    const cases = [...SCHEMA_CASES, UNTOUCHED].filter(
      ({ flavours }) => flavours?.includes(flavour) ?? true,
    );
    for (const one of cases) {
      await copy.source.run(`CREATE TABLE ${one.table} ${one.ddl}`);
      await runOn(copy.source, one, one.seed);
    }
    await copy.sync();
    // The server tells of a table made anew by the second.
    await passSecond(copy.source);
    for (const one of cases) await runOn(copy.source, one, one.change);
    const synced = await copy.sync();
    assert.equal(synced.get('untouched').mode, 'incremental');
    const assertSameTable = await copy.compared();
    for (const { table } of cases) await t.test(table, () => assertSameTable(table));
    await t.test('and are followed as before', async () => {
      await copy.sync(['--deletes']);
      await copy.assertSame();
    });
  });
}
