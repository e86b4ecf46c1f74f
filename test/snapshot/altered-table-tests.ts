import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';

const TIMEOUT_MS = 20_000;
const POLL_MS = 10;

/** Changes after which the old plan would read other values without anything looking wrong. */
const CHANGES: readonly (readonly [name: string, statements: readonly string[]])[] = [
  [
    'an unsigned integer',
    ['MODIFY a INT UNSIGNED', 'UPDATE altered SET a = 4000000000 WHERE id = 2'],
  ],
  ['a longer fraction', ['MODIFY d DECIMAL(8,4)', 'UPDATE altered SET d = 1.2345']],
  ['a number with more digits', ['MODIFY d DECIMAL(30,2)', 'UPDATE altered SET d = 123456789.25']],
  ['wider integers', ['MODIFY a BIGINT, MODIFY b SMALLINT']],
  ['bytes in place of text', ['MODIFY t VARBINARY(40)', `UPDATE altered SET t = x'FF00'`]],
  ['other columns', ['DROP COLUMN b, ADD COLUMN e JSON FIRST', `UPDATE altered SET e = '{}'`]],
];

/** Resolves when the sync, its plan made, waits for the table. */
async function lockWait(source: TestSource): Promise<void> {
  const end = Date.now() + TIMEOUT_MS;
  for (;;) {
    // information_schema.processlist fails where the statement of another session has an emoji.
    const sessions = await source.texts('SHOW PROCESSLIST');
    const waiting = sessions.filter(
      ([, , , database, , , state]) =>
        database === source.database && (state ?? '').startsWith('Waiting for table'),
    );
    if (waiting.length > 0) return;
    assert.ok(Date.now() < end, 'the sync did not come to its LOCK TABLES');
    await delay(POLL_MS);
  }
}

/** Tables that a server of the flavour alters between plan and snapshot. */
export function alteredTableTests(flavour: Flavour): void {
  test(`a table of ${flavour} altered between plan and snapshot comes over as it is then`, async (t) => {
    for (const [name, [change, ...statements]] of CHANGES) {
      await t.test(name, async () => {
        await using source = await TestSource.open(flavour);
        await using folder = await TempFolder.open();
        await source.run(
          `CREATE TABLE altered (id INT PRIMARY KEY, a INT, b INT, d DECIMAL(6,2), t VARCHAR(40))`,
          `INSERT INTO altered VALUES (1, 5, 6, 1.25, 'x'), (2, 7, 8, 3.5, 'text of some length')`,
          'LOCK TABLES altered WRITE',
        );
        const duckdbPath = folder.file('replica.duckdb');
        const running = runDucktail(['sync', '--json'], {
          MYSQL_URL: source.url,
          DUCKDB_PATH: duckdbPath,
        });
        await lockWait(source);
        await source.run(`ALTER TABLE altered ${change}`, ...statements, 'UNLOCK TABLES');
        const run = await running;
        assert.equal(run.exitCode, 0, run.stderr);
        await assertSameData(source, duckdbPath);
      });
    }
  });
}
