import assert from 'node:assert/strict';
import test from 'node:test';
import { assertFailedClearly } from '../e2e/support/clear-message.js';
import { changeReplica } from '../e2e/support/replica-state.js';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { SyncedCopy, type SyncedTables } from './support/synced-copy.js';
import { day, withChanged } from './support/table-case.js';

const FOLLOWED = withChanged('id INT PRIMARY KEY, v INT');

function modes(synced: SyncedTables): Record<string, string> {
  return Object.fromEntries(synced.all().map(({ table, mode }) => [table, mode]));
}

async function openCopy(tableOptions = ''): Promise<SyncedCopy> {
  const copy = await SyncedCopy.open('mysql');
  await copy.source.run(
    `CREATE TABLE followed ${FOLLOWED} ${tableOptions}`,
    `INSERT INTO followed VALUES (1, 1, ${day(1)}), (2, 2, ${day(2)})`,
    `CREATE TABLE no_watermark (id INT PRIMARY KEY, v INT) ${tableOptions}`,
    'INSERT INTO no_watermark VALUES (1, 1), (2, 2)',
    `CREATE TABLE no_key ${withChanged('v INT')} ${tableOptions}`,
    'INSERT INTO no_key (v) VALUES (1), (1)',
  );
  return copy;
}

test("tables that can't be followed are copied again while they are small", async () => {
  await using copy = await openCopy();
  await copy.sync();
  await copy.source.run(
    'UPDATE followed SET v = 10 WHERE id = 1',
    'UPDATE no_watermark SET v = 10 WHERE id = 1',
    'DELETE FROM no_watermark WHERE id = 2',
    'DELETE FROM no_key LIMIT 1',
  );
  const synced = await copy.sync();
  assert.deepEqual(modes(synced), {
    followed: 'incremental',
    no_key: 'full',
    no_watermark: 'full',
  });
  await copy.assertSame();
  assert.deepEqual(modes(await copy.sync(['--full'])), {
    followed: 'full',
    no_key: 'full',
    no_watermark: 'full',
  });
  await copy.syncAgain(['followed', '--incremental']);
});

test('large tables that cannot be followed are reported, and copied when that is asked for', async () => {
  // From the beginning: a count that was asked for before would still come, in the background.
  await using copy = await openCopy('STATS_AUTO_RECALC = 0');
  await copy.sync();
  for (const table of ['followed', 'no_key', 'no_watermark']) {
    // What the server takes for the number of rows.
    await copy.source.run(
      `UPDATE mysql.innodb_table_stats SET n_rows = 2000000
        WHERE database_name = '${copy.source.database}' AND table_name = '${table}'`,
      `FLUSH TABLE ${table}`,
    );
  }
  await copy.source.run(
    'UPDATE no_watermark SET v = 10 WHERE id = 1',
    'UPDATE followed SET v = 10 WHERE id = 1',
  );
  const run = await runDucktail(['sync', '--json'], copy.env);
  assert.equal(run.exitCode, 1, run.stderr);
  const synced = copy.taken(run);
  assert.equal(synced.get('followed').error, null);
  for (const table of ['no_key', 'no_watermark']) {
    const { error } = synced.get(table);
    assert.equal(error?.code, 'no-watermark');
    assert.match(error.message, new RegExp(table));
    assert.match(error.hint ?? '', /WATERMARK_COLUMNS.*--full/);
  }
  assert.deepEqual(await copy.texts('SELECT v::VARCHAR FROM no_watermark ORDER BY id'), [
    ['1'],
    ['2'],
  ]);
  await copy.sync(['--full', 'no_watermark', 'no_key']);
  await copy.assertSame();
});

test('--incremental copies no table whole', async () => {
  await using copy = await openCopy();
  const incremental = async (): Promise<SyncedTables> => {
    const run = await runDucktail(['sync', '--incremental', '--json'], copy.env);
    assert.equal(run.exitCode, 1, run.stderr);
    return copy.taken(run);
  };
  for (const { table, error, rows } of (await incremental()).all()) {
    assert.notEqual(error, null, table);
    assert.match(error?.hint ?? '', /--full/);
    assert.equal(rows, 0);
  }
  await copy.sync();
  await copy.source.run('INSERT INTO followed (id, v) VALUES (3, 3)', 'DELETE FROM no_watermark');
  const synced = await incremental();
  assert.equal(synced.get('followed').error, null);
  assert.equal(synced.get('followed').inserted, 1);
  for (const table of ['no_watermark', 'no_key']) {
    assert.equal(synced.get(table).error?.code, 'no-watermark', table);
    assert.match(synced.get(table).error?.hint ?? '', /WATERMARK_COLUMNS|--full/);
  }
  await copy.assertSame({ tables: ['followed', 'no_key'] });
  assert.deepEqual(await copy.texts('SELECT count(*)::VARCHAR FROM no_watermark'), [['2']]);
  // The error is told until the table is synced again, and nothing is lost.
  await copy.sync();
  await copy.assertSame();
  const status = await runDucktail(['status', '--json'], copy.env);
  const { tables } = status.json<{ tables: { error: string | null }[] }>();
  assert.deepEqual(
    tables.map(({ error }) => error),
    [null, null, null],
  );
});

test('deletes by flag, by variable, and by neither', async () => {
  await using copy = await SyncedCopy.open('mysql');
  await copy.source.run(
    `CREATE TABLE t ${FOLLOWED}`,
    ...[1, 2, 3, 4, 5].map((id) => `INSERT INTO t VALUES (${id}, ${id}, ${day(id)})`),
  );
  await copy.sync();
  const deletedBy = async (args: string[], setting: string, id: number): Promise<number> => {
    await copy.source.run(`DELETE FROM t WHERE id = ${id}`);
    return (await copy.sync(args, { INCREMENTAL_DELETES: setting })).get('t').deleted;
  };
  assert.equal(await deletedBy([], '', 1), 0);
  assert.equal(await deletedBy([], 'false', 1), 0);
  assert.equal(await deletedBy(['--no-deletes'], 'true', 2), 0);
  assert.equal(await deletedBy([], 'true', 3), 3);
  assert.equal(await deletedBy(['--deletes'], 'false', 4), 1);
  await copy.assertSame();
});

test('a column that WATERMARK_COLUMNS names', async () => {
  await using copy = await SyncedCopy.open('mysql');
  const { source } = copy;
  const ddl = `(id INT PRIMARY KEY, v INT, changed DATETIME(6) NULL, version BIGINT UNSIGNED NOT NULL,
                  kept TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)`;
  for (const table of ['order_old', 'order_new']) {
    await source.run(
      `CREATE TABLE ${table} ${ddl}`,
      `INSERT INTO ${table} VALUES (1, 1, ${day(1)}, 1, ${day(1)}), (2, 2, ${day(2)}, 20001, ${day(2)})`,
    );
  }
  await copy.sync();
  assert.match((await copy.storedWatermark('order_new')) ?? '', /^2024-01-02/);
  const update = async (): Promise<void> => {
    for (const table of ['order_old', 'order_new']) {
      // Only `changed` and `version` tell of it.
      await source.run(
        `UPDATE ${table} SET v = v + 1, changed = NOW(6), version = version + 20000, kept = kept
            WHERE id = 1`,
      );
    }
  };
  await update();
  const byTime = { WATERMARK_COLUMNS: 'order_*.changed' };
  await copy.sync([], byTime);
  await copy.assertSame();
  await update();
  const followed = await copy.sync([], byTime);
  for (const { mode, updated, unchanged } of followed.all()) {
    assert.deepEqual(
      { mode, updated, unchanged },
      { mode: 'incremental', updated: 1, unchanged: 0 },
    );
  }
  await copy.assertSame();
  await update();
  const byVersion = { WATERMARK_COLUMNS: 'order_old.changed,order_*.version' };
  const mixed = await copy.sync([], byVersion);
  assert.equal(mixed.get('order_old').mode, 'incremental');
  await copy.assertSame();
  await update();
  const versions = await copy.sync([], byVersion);
  const { mode, updated, newWatermark } = versions.get('order_new');
  assert.deepEqual([mode, updated, newWatermark], ['incremental', 1, '80001']);
  await copy.assertSame();
});

test('a column that WATERMARK_COLUMNS names and that is not there', async () => {
  await using copy = await openCopy();
  for (const wrong of ['followed.chnaged', 'folowed.changed']) {
    const variables = { ...copy.env, WATERMARK_COLUMNS: `no_key.changed,${wrong}` };
    assertFailedClearly(await runDucktail(['sync', '--json'], variables), {
      exitCode: 2,
      code: 'configuration',
      message: new RegExp(`^WATERMARK_COLUMNS .*${wrong}$`),
      hint: /spelling/,
    });
  }
});

test('a copy that is not what the last sync left is made anew', async (t) => {
  await using copy = await SyncedCopy.open('mysql');
  await copy.source.run(
    `CREATE TABLE t ${withChanged('id INT PRIMARY KEY, v INT, flag TINYINT(1)')}`,
    `INSERT INTO t VALUES (1, 1, 1, ${day(1)}), (2, 2, 0, ${day(2)})`,
  );
  await copy.sync();

  await t.test('dropped by hand', async () => {
    await changeReplica(copy.duckdbPath, 'DROP TABLE t');
    await copy.sync();
    await copy.assertSame();
  });

  await t.test('altered by hand', async () => {
    await changeReplica(copy.duckdbPath, 'ALTER TABLE t DROP COLUMN v');
    await copy.sync();
    await copy.assertSame();
  });

  await t.test('of other type options', async () => {
    const options = { TIMESTAMP_AS: 'timestamptz', TINYINT1_AS: 'tinyint' };
    await copy.sync([], options);
    const types = { timestampAs: 'timestamptz', tinyint1As: 'tinyint' } as const;
    await copy.assertSame({ types });
    await copy.syncAgain([], options);
    await copy.sync();
    await copy.assertSame();
  });

  await t.test('of another database', async () => {
    await using other = await SyncedCopy.open('mysql');
    await other.source.run(
      `CREATE TABLE t ${withChanged('id INT PRIMARY KEY, v INT, flag TINYINT(1)')}`,
      `INSERT INTO t VALUES (1, 100, 1, ${day(1)})`,
    );
    const run = await runDucktail(['sync', '--json'], {
      ...copy.env,
      MYSQL_URL: other.source.url,
    });
    assert.equal(run.exitCode, 0, run.stderr);
    await assertSameData(other.source, copy.duckdbPath);
    await copy.sync();
    await copy.assertSame();
  });

  await t.test('in another schema', async () => {
    const elsewhere = { TARGET_SCHEMA: 'else "where"' };
    assert.deepEqual(modes(await copy.sync([], elsewhere)), { t: 'full' });
    await copy.source.run('UPDATE t SET v = 5 WHERE id = 1');
    assert.deepEqual(modes(await copy.sync([], elsewhere)), { t: 'incremental' });
    await copy.assertSame({ schema: 'else "where"' });
    assert.equal((await copy.sync()).get('t').updated, 1);
    await copy.assertSame();
  });
});

interface Plan {
  readonly tables: readonly {
    readonly table: string;
    readonly mode: string;
    readonly why: string;
    readonly watermark: { readonly column: string; readonly reason: string } | null;
  }[];
}

test('--dry-run says how each table would be synced, and which index is missing', async () => {
  await using copy = await openCopy();
  await copy.source.run('ALTER TABLE followed DROP KEY changed');
  const plan = async (): Promise<Record<string, string>> => {
    const run = await runDucktail(['sync', '--dry-run', '--json'], copy.env);
    assert.equal(run.exitCode, 0, run.stderr);
    return Object.fromEntries(run.json<Plan>().tables.map(({ table, mode }) => [table, mode]));
  };
  assert.deepEqual(await plan(), { followed: 'full', no_key: 'full', no_watermark: 'full' });
  await copy.sync();
  assert.deepEqual(await plan(), { followed: 'incremental', no_key: 'full', no_watermark: 'full' });
  const { exitCode, stdout } = await runDucktail(['sync', '--dry-run'], copy.env);
  assert.equal(exitCode, 0);
  assert.match(stdout, /followed.*incremental.*changed/);
  assert.match(stdout, /CREATE INDEX \S+ ON \S*followed\S* \(`?changed`?\)/);
});
