import assert from 'node:assert/strict';
import test from 'node:test';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { Replica } from '../helpers/replica.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { type Flavour, openTestServer } from '../servers/test-server.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

/** Seconds on both sides of Berlin's changes of the clock, the second 02:30 of October among them. */
const INSTANTS = [
  ...['1970-01-01 00:00:01', '2024-03-31 00:59:59', '2024-03-31 01:00:00', '2024-07-01 10:00:00'],
  ...['2024-10-27 00:30:00', '2024-10-27 00:59:59', '2024-10-27 01:00:00', '2024-10-27 01:30:00'],
  ...['2024-10-27 02:00:00', '2038-01-19 03:14:07'],
];

for (const flavour of FLAVOURS) {
  test(`timestamps come over in UTC whatever the zone of ${flavour}`, async () => {
    await using server = await openTestServer(flavour, { ignoreUrl: true });
    await using source = await TestSource.open(flavour, server);
    await using folder = await TempFolder.open();
    await source.run(
      `CREATE TABLE instants (id INT PRIMARY KEY, t TIMESTAMP NULL, d DATETIME,
         kept TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), KEY (t))`,
      ...INSTANTS.map(
        (text, id) => `INSERT INTO instants (id, t, d) VALUES (${id}, '${text}', '${text}')`,
      ),
    );
    for (const zone of ['Europe/Berlin', '+05:30', '-11:00']) {
      await source.run(`SET GLOBAL time_zone = '${zone}'`);
      const duckdbPath = folder.file(`${zone.replaceAll(/\W/g, '_')}.duckdb`);
      const run = await runDucktail(['sync', '--json'], {
        MYSQL_URL: source.url,
        DUCKDB_PATH: duckdbPath,
        TZ: 'America/New_York',
      });
      assert.equal(run.exitCode, 0, run.stderr);
      await assertSameData(source, duckdbPath);
      using replica = await Replica.open(duckdbPath);
      const rows = await replica.texts(
        'SELECT CAST(t AS VARCHAR), CAST(d AS VARCHAR) FROM instants ORDER BY id',
      );
      assert.deepEqual(
        rows,
        INSTANTS.map((text) => [text, text]),
        zone,
      );
    }
  });
}
