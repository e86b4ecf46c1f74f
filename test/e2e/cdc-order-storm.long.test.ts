import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';
import { CommandLine } from './support/command-line.js';
import { alterWithoutEnd } from './support/definition-storm.js';
import { RunningService } from './support/running-service.js';
import { assertSameReplica } from './support/same-replica.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
/** Far more than a few copies of small tables take. */
const ORDER_LIMIT_MS = 90_000;

for (const flavour of FLAVOURS) {
  test(`${flavour}: a client's sync ends, though tables are copied without an end`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    await source.run(
      'CREATE TABLE altered (id INT PRIMARY KEY, v INT)',
      'INSERT INTO altered VALUES (1, 1), (2, 2)',
      'CREATE TABLE others (id INT PRIMARY KEY)',
    );
    await using service = await RunningService.start(source, duckdbPath);
    await using commands = CommandLine.open({ MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath });
    const stop = new AbortController();
    const altering = alterWithoutEnd(source, stop.signal);
    const late = setTimeout(() => {
      stop.abort();
    }, ORDER_LIMIT_MS);
    try {
      await source.run('INSERT INTO others VALUES (-1)');
      const { stdout, stderr } = await commands.run('sync', '--json');
      assert.equal(stop.signal.aborted, false, 'it waited until the definitions stayed');
      const { tables } = JSON.parse(stdout) as { tables: { table: string; error: unknown }[] };
      // The table that is altered under every copy may be in quarantine just then.
      const failed = tables.filter(({ error }) => error !== null).map(({ table }) => table);
      assert.deepEqual(
        failed.filter((table) => !table.startsWith('altered')),
        [],
        stderr,
      );
      const [[there]] = await service.query('SELECT count(*)::VARCHAR FROM others WHERE id = -1');
      assert.equal(there, '1');
    } finally {
      clearTimeout(late);
      stop.abort();
      await altering;
    }
    await service.caughtUp();
    await service.stop();
    await assertSameReplica(source, duckdbPath);
  });
}
