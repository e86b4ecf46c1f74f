import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../../src/model/sync-result.js';
import { assertSameData } from '../../helpers/compare.js';
import { type DucktailRun, runDucktail } from '../../helpers/ducktail.js';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { assertNoStack } from './clear-message.js';
import { DucktailChild } from './ducktail-child.js';
import { columnsOf, HOLD, KIB, settings } from './held-copy.js';
import { singleValue, tableNames } from './replica-state.js';
import { sendingConnections } from './source-processes.js';
import { addTextTable } from './text-table.js';

interface Change {
  readonly what: string;
  readonly statements: readonly string[];
}

const CHANGES: readonly Change[] = [
  { what: 'gets a column', statements: ['ALTER TABLE small ADD COLUMN added INT DEFAULT 7'] },
  { what: 'is rebuilt', statements: ['ALTER TABLE small MODIFY v LONGTEXT NULL, ENGINE = InnoDB'] },
  { what: 'loses a column', statements: ['ALTER TABLE small DROP COLUMN v'] },
  {
    what: 'is made anew',
    statements: ['DROP TABLE small', 'CREATE TABLE small AS SELECT 1 AS other'],
  },
];

/** Tables of a server of the flavour that change before they are copied. */
export function changedTableTests(flavour: Flavour): void {
  test(`${flavour}: a table that changes before its turn`, async (t) => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    // More than one reader's window and the buffers of its socket hold: it is stuck here.
    await addTextTable(source, { name: 'large', rows: 320, bytes: 256 * KIB });
    await addTextTable(source, { name: 'small', rows: 100, bytes: 64 });
    const env = settings(source, duckdbPath, 1);
    const seed = await runDucktail(['sync'], env);
    assert.equal(seed.exitCode, 0, seed.stderr);

    const syncThroughout = async (statements: readonly string[]): Promise<DucktailRun> => {
      await using child = DucktailChild.start(['sync', '--json'], env, { plan: HOLD });
      await child.reached();
      await sendingConnections(source, 1);
      await source.run(...statements);
      child.resume();
      return await child.ended;
    };

    for (const { what, statements } of CHANGES) {
      await t.test(`${what}: it is copied as it is then`, async () => {
        const run = await syncThroughout(statements);
        assert.equal(run.exitCode, 0, run.stderr);
        // MariaDB's snapshots survive a new column: there the table is copied as it was.
        if (/ADD COLUMN/.test(statements[0]) && (await columnsOf(duckdbPath, 'small')) === 'id,v') {
          assert.equal(flavour, 'mariadb');
          await source.run('ALTER TABLE small DROP COLUMN added');
        }
        await assertSameData(source, duckdbPath, { tables: ['small'] });
        assert.deepEqual(await tableNames(duckdbPath), ['large', 'small']);
        await source.run('DROP TABLE small');
        await addTextTable(source, { name: 'small', rows: 100, bytes: 64 });
      });
    }

    await t.test('is dropped: it fails, its old copy stands, the others are copied', async () => {
      const rows = await singleValue(duckdbPath, 'SELECT count(*) FROM small');
      await source.run(`UPDATE large SET v = 'new' WHERE id = 3`);
      const run = await syncThroughout(['DROP TABLE small']);
      assert.equal(run.exitCode, 1, run.stderr);
      const [large, small] = run.json<SyncResult>().tables;
      assert.equal(large.error, null);
      assert.equal(small.error?.code, 'table-changed');
      assert.equal(small.error.message, 'small was dropped or renamed while it was read');
      assert.notEqual(small.error.hint, null);
      assertNoStack(run);
      await assertSameData(source, duckdbPath, { tables: ['large'] });
      assert.equal(await singleValue(duckdbPath, 'SELECT count(*) FROM small'), rows);
      assert.deepEqual(await tableNames(duckdbPath), ['large', 'small']);
    });
  });
}
