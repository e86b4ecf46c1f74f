import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../src/model/sync-result.js';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';

/** A replica in a file and a schema of these names. */
export function fileNameTest(file: string, schema: string): void {
  test(`a file ${file} with the schema ${schema} is synced twice and queried`, async () => {
    await using source = await TestSource.open('mysql');
    await using folder = await TempFolder.open();
    await source.addNumbers(10_000);
    const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file(file), TARGET_SCHEMA: schema };
    for (let time = 0; time < 2; time++) {
      const run = await runDucktail(['sync', '--json'], env);
      assert.equal(run.exitCode, 0, run.stderr);
      assert.equal(run.json<SyncResult>().tables[0].rows, 10_000);
    }
    await assertSameData(source, env.DUCKDB_PATH, { schema });
    const sql = `SELECT table_schema, table_name FROM information_schema.tables
                  WHERE table_name = 'numbers' AND table_catalog = current_database()`;
    const query = await runDucktail(['query', sql, '--json'], env);
    assert.deepEqual(query.json<{ rows: unknown[] }>().rows, [[schema, 'numbers']]);
  });
}
