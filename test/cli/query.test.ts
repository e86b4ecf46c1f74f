import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { assertFailedClearly } from '../e2e/support/clear-message.js';
import { changeReplica } from '../e2e/support/replica-state.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';

async function withReplica(
  work: (env: Record<string, string>, folder: TempFolder) => Promise<void>,
): Promise<void> {
  await using folder = await TempFolder.open();
  const env = { DUCKDB_PATH: folder.file('replica.duckdb') };
  await changeReplica(
    env.DUCKDB_PATH,
    `CREATE TABLE t AS SELECT 1 AS id, 'one' AS name, 1.50::DECIMAL(38,2) AS price,
        '\\x00\\xAB\\x5Cx00'::BLOB AS bytes, TIMESTAMP '2020-02-29 01:02:03.000004' AS at,
        18446744073709551615::UBIGINT AS huge, '{"a": 1}'::JSON AS doc, NULL::VARCHAR AS nothing`,
  );
  await work(env, folder);
}

test('--json gives columns with types and rows without loss', async () => {
  await withReplica(async (env) => {
    const run = await runDucktail(['query', '--json', 'FROM t'], env);
    assert.equal(run.exitCode, 0, run.stderr);
    assert.equal(run.stderr, '');
    assert.equal(run.stdout.trimEnd().split('\n').length, 1);
    assert.deepEqual(run.json(), {
      columns: [
        { name: 'id', type: 'INTEGER' },
        { name: 'name', type: 'VARCHAR' },
        { name: 'price', type: 'DECIMAL(38,2)' },
        { name: 'bytes', type: 'BLOB' },
        { name: 'at', type: 'TIMESTAMP' },
        { name: 'huge', type: 'UBIGINT' },
        { name: 'doc', type: 'JSON' },
        { name: 'nothing', type: 'VARCHAR' },
      ],
      rows: [
        [
          1,
          'one',
          '1.50',
          '\\x00\\xAB\\x5Cx00',
          '2020-02-29 01:02:03.000004',
          '18446744073709551615',
          '{"a": 1}',
          null,
        ],
      ],
    });
  });
});

test('a table is printed for people', async () => {
  await withReplica(async (env) => {
    const sql = 'SELECT id, name, nothing FROM t UNION ALL SELECT 20, NULL, NULL';
    const { exitCode, stdout } = await runDucktail(['query', sql], env);
    assert.equal(exitCode, 0);
    const [, headings, , first, second] = stdout.split('\n');
    const cells = (line: string): string[] => line.split('│').map((cell) => cell.trim());
    assert.deepEqual(cells(headings), ['', 'id', 'name', 'nothing', '']);
    assert.deepEqual(cells(first), ['', '1', 'one', 'NULL', '']);
    assert.deepEqual(cells(second), ['', '20', 'NULL', 'NULL', '']);
    assert.match(stdout, /\n2 rows\n$/);
  });
});

test('of several statements, the last one answers', async () => {
  await withReplica(async (env) => {
    const run = await runDucktail(['query', '--json', 'SELECT 1 AS a; SELECT 2 AS b;'], env);
    assert.deepEqual(run.json(), { columns: [{ name: 'b', type: 'INTEGER' }], rows: [[2]] });
  });
});

const MISTAKES: readonly [sql: string, message: RegExp][] = [
  ['SELEC 1', /syntax error at or near "SELEC"/],
  ['FROM nowhere', /Table with name nowhere does not exist/],
  [`SELECT 'a'::INT`, /Could not convert string 'a' to INT32/],
  [`FROM read_csv('/no/such/file.csv')`, /No files found.*file\.csv/],
  ['INSERT INTO t (id) VALUES (2)', /read-only/],
  ['DROP TABLE t', /read-only/],
  ['UPDATE t SET id = 2', /read-only/],
  ['CREATE TABLE u (id INT)', /read-only/],
];

test('a mistake in the SQL is told without a stack, and nothing changes', async (t) => {
  await withReplica(async (env) => {
    for (const [sql, message] of MISTAKES) {
      await t.test(sql, async () => {
        const run = await runDucktail(['query', '--json', sql], env);
        assert.equal(run.exitCode, 1);
        const { error } = run.json<{ error: { code: string; message: string; hint: null } }>();
        assert.equal(error.code, 'query-failed');
        assert.match(error.message, message);
        assert.equal(error.hint, null);
        assert.equal(run.stderr, `ducktail: ${error.message}\n`);
      });
    }
    const run = await runDucktail(['query', '--json', 'SELECT id FROM t'], env);
    assert.deepEqual(run.json<{ rows: unknown }>().rows, [[1]]);
  });
});

test('a query leaves no lock and no file behind', async () => {
  await withReplica(async (env, folder) => {
    await runDucktail(['query', 'FROM t'], env);
    assert.equal(existsSync(folder.file('replica.duckdb.lock')), false);
    assert.equal(existsSync(folder.file('replica.duckdb.wal')), false);
  });
});

test('a replica in a folder that is gone is told', async () => {
  assertFailedClearly(
    await runDucktail(['query', '--json', 'SELECT 1'], { DUCKDB_PATH: '/no/such/folder/x.duckdb' }),
    {
      exitCode: 1,
      code: 'target-failed',
      message: /^there is no replica at \/no\/such\/folder\/x\.duckdb$/,
      hint: /^Run `ducktail sync` first/,
    },
  );
});
