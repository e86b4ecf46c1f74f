import assert from 'node:assert/strict';
import test from 'node:test';
import mysql from 'mysql2/promise';
import { type Flavour, openTestServer } from '../../servers/test-server.js';
import { plainTime, SyncedCopy } from './synced-copy.js';
import { withChanged } from './table-case.js';

const ZONES: Readonly<Record<Flavour, readonly string[]>> = {
  mysql: ['Europe/Berlin', '+05:30', '-11:00'],
  mariadb: ['Europe/Berlin'],
};
const TABLES = {
  by_timestamp: 'TIMESTAMP(6)',
  by_datetime: 'DATETIME(6)',
  by_whole_timestamp: 'TIMESTAMP',
  by_whole_datetime: 'DATETIME',
};

/** Runs statements as a client of the zone (null: the server's own). */
async function write(
  copy: SyncedCopy,
  zone: string | null,
  ...statements: readonly string[]
): Promise<void> {
  const connection = await mysql.createConnection({ uri: copy.source.url });
  try {
    if (zone !== null) await connection.query(`SET time_zone = '${zone}'`);
    for (const table of Object.keys(TABLES)) {
      for (const statement of statements) await connection.query(statement.replace('@', table));
    }
  } finally {
    connection.destroy();
  }
}

async function createTables(copy: SyncedCopy): Promise<void> {
  for (const [table, type] of Object.entries(TABLES)) {
    await copy.source.run(
      `CREATE TABLE ${table} ${withChanged('id INT PRIMARY KEY, v INT', type)}`,
    );
  }
}

/** One row came and one was changed, and the watermark is the latest change. */
async function assertFollowed(
  copy: SyncedCopy,
  synced: Awaited<ReturnType<SyncedCopy['sync']>>,
  tables: readonly string[],
): Promise<void> {
  for (const table of tables) {
    const { inserted, updated, newWatermark } = synced.get(table);
    assert.deepEqual([inserted, updated], [1, 1], table);
    // In UTC, as the session of the test is, or as it is written.
    const [[highest]] = await copy.source.texts(`SELECT CAST(MAX(changed) AS CHAR) FROM ${table}`);
    assert.equal(plainTime(newWatermark), plainTime(highest), table);
  }
}

/** Watermarks of a server of the flavour in zones of its own and of its writers. */
export function timeZoneTests(flavour: Flavour): void {
  test(`watermarks hold whatever the zone of ${flavour}`, async (t) => {
    await using server = await openTestServer(flavour, { ignoreUrl: true });

    for (const zone of ZONES[flavour]) {
      await t.test(`server in ${zone}`, async () => {
        await using copy = await SyncedCopy.open(flavour, { TZ: 'America/New_York' }, server);
        await copy.source.run(`SET GLOBAL time_zone = '${zone}'`);
        await createTables(copy);
        await write(copy, null, 'INSERT INTO @ (id, v) VALUES (1, 1), (2, 2)');
        await copy.sync();
        await copy.assertSame();
        await write(
          copy,
          null,
          'UPDATE @ SET v = 10 WHERE id = 1',
          'INSERT INTO @ (id, v) VALUES (3, 3)',
        );
        const synced = await copy.sync();
        await copy.assertSame();
        await assertFollowed(copy, synced, Object.keys(TABLES));
        await copy.syncAgain();
      });
    }

    await t.test('TIMESTAMP_AS=timestamptz', async () => {
      const variables = { TIMESTAMP_AS: 'timestamptz', TZ: 'America/New_York' };
      await using copy = await SyncedCopy.open(flavour, variables, server);
      const types = { timestampAs: 'timestamptz' } as const;
      await createTables(copy);
      await write(copy, '+05:30', 'INSERT INTO @ (id, v) VALUES (1, 1), (2, 2)');
      await copy.sync();
      await write(
        copy,
        '+05:30',
        'UPDATE @ SET v = 10 WHERE id = 1',
        'INSERT INTO @ (id, v) VALUES (3, 3)',
      );
      const synced = await copy.sync();
      await copy.assertSame({ types });
      await assertFollowed(copy, synced, ['by_timestamp', 'by_whole_timestamp']);
      await copy.syncAgain();
    });

    await t.test('writers whose clocks are ahead hide nobody behind', async () => {
      await using copy = await SyncedCopy.open(flavour, {}, server);
      await copy.source.run("SET GLOBAL time_zone = '+00:00'");
      await createTables(copy);
      await write(copy, '+00:00', 'INSERT INTO @ (id, v) VALUES (1, 1), (2, 2)');
      await copy.sync();
      await write(copy, '+12:00', 'UPDATE @ SET v = 10 WHERE id = 1');
      await copy.sync();
      await copy.assertSame();
      await write(
        copy,
        '+00:00',
        'UPDATE @ SET v = 20 WHERE id = 2',
        'INSERT INTO @ (id, v) VALUES (3, 3)',
      );
      const synced = await copy.sync();
      for (const { inserted, updated } of synced.all()) {
        assert.deepEqual([inserted, updated], [1, 1]);
      }
      await copy.assertSame();
      await copy.syncAgain();
    });
  });
}
