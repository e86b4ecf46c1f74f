import assert from 'node:assert/strict';
import test from 'node:test';
import mysql from 'mysql2/promise';
import { assertSameData } from '../helpers/compare.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { DucktailChild } from './support/ducktail-child.js';
import { columnsOf, HOLD, KIB, settings } from './support/held-copy.js';
import { metadataLockWait, sendingConnections } from './support/source-processes.js';
import { addTextTable } from './support/text-table.js';

for (const flavour of ['mysql', 'mariadb'] as const) {
  test(`${flavour}: an ALTER of a table that is being read waits for the sync`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    await addTextTable(source, { name: 'large', rows: 220, bytes: 256 * KIB });
    await addTextTable(source, { name: 'ranges', rows: 150_000, bytes: 512 });
    const env = settings(source, duckdbPath, 2);
    await using child = DucktailChild.start(['sync', '--json'], env, { plan: HOLD });
    await child.reached();
    await sendingConnections(source, 2);
    const other = await mysql.createConnection({ uri: source.url });
    try {
      const altering = other.query('ALTER TABLE ranges ADD COLUMN added INT DEFAULT 7');
      await metadataLockWait(source);
      child.resume();
      const run = await child.ended;
      assert.equal(run.exitCode, 0, run.stderr);
      assert.equal(await columnsOf(duckdbPath, 'ranges'), 'id,v');
      await altering;
    } finally {
      other.destroy();
    }
    await source.run('ALTER TABLE ranges DROP COLUMN added');
    await assertSameData(source, duckdbPath);
  });
}
