import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'node:test';
import mysql from 'mysql2/promise';
import type { TableVerification, VerifyResult } from '../../src/verify/verify-result.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';
import { CommandLine } from './support/command-line.js';
import { changeReplica } from './support/replica-state.js';
import { RunningService } from './support/running-service.js';
import { assertSameReplica } from './support/same-replica.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
const RUNS = 3;
const ROWS = 20_000;
/** Rows that are changed again and again: they are never the same twice when they are read again. */
const HOT_ROWS = 20;

async function fill(source: TestSource): Promise<void> {
  await source.addNumbers(ROWS);
  await source.run(
    'CREATE TABLE hot (id INT PRIMARY KEY, v INT NOT NULL, note VARCHAR(40))',
    "INSERT INTO hot SELECT n, 0, CONCAT('row ', n) FROM numbers",
    'CREATE TABLE flags (id VARCHAR(8) PRIMARY KEY, is_on TINYINT NOT NULL)',
    'INSERT INTO flags SELECT n, 0 FROM numbers WHERE n <= 500',
    'CREATE TABLE bag (v INT, d DATE NULL)',
    'INSERT INTO bag SELECT n % 50, NULL FROM numbers WHERE n <= 2000',
  );
}

/** Writes without a pause until it is disposed: hot rows, a flag that flips, equal rows without a key. */
class Writer implements AsyncDisposable {
  private isStopped = false;
  transactions = 0;
  private readonly done: Promise<void>;

  constructor(url: string) {
    this.done = this.write(url);
  }

  private async write(url: string): Promise<void> {
    const connection = await mysql.createConnection({ uri: url });
    try {
      for (let at = 0; !this.isStopped; at++) {
        const id = 1 + (at % HOT_ROWS);
        await connection.query('BEGIN');
        await connection.query(`UPDATE hot SET v = v + 1 WHERE id = ${id}`);
        await connection.query(`UPDATE flags SET is_on = 1 - is_on WHERE id = '${id}'`);
        await connection.query(`INSERT INTO bag VALUES (${at % 50}, NULL)`);
        await connection.query(`DELETE FROM bag WHERE v = ${(at + 7) % 50} LIMIT 1`);
        await connection.query('COMMIT');
        this.transactions++;
        await delay(1);
      }
    } finally {
      await connection.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isStopped = true;
    await this.done;
  }
}

async function verify(
  commands: CommandLine,
  ...args: string[]
): Promise<{ exitCode: number; result: VerifyResult }> {
  const { exitCode, stdout, stderr } = await commands.run('verify', '--json', ...args);
  assert.notEqual(stdout, '', stderr);
  return { exitCode, result: JSON.parse(stdout) as VerifyResult };
}

function tableOf({ tables }: VerifyResult, name: string): TableVerification {
  const table = tables.find((one) => one.table === name);
  assert.ok(table, name);
  return table;
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: verify beside a service and a writer tells what differs, and nothing else`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    await fill(source);
    await using service = await RunningService.start(source, duckdbPath);
    await using commands = CommandLine.open({ MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath });
    {
      await using writer = new Writer(source.url);
      for (let run = 0; run < RUNS; run++) {
        const { exitCode, result } = await verify(commands);
        assert.equal(exitCode, 0, JSON.stringify(result));
        assert.ok(result.tables.every(({ settled }) => settled));
      }
      assert.ok(writer.transactions > RUNS, String(writer.transactions));
    }

    await service.stop();
    await changeReplica(
      duckdbPath,
      'UPDATE hot SET v = -1 WHERE id = 3',
      'DELETE FROM hot WHERE id = 15000',
      "INSERT INTO hot VALUES (-5, 5, 'extra')",
      "UPDATE flags SET is_on = 7 WHERE id = '400'",
      'INSERT INTO bag VALUES (10, NULL)',
      'DELETE FROM bag WHERE rowid = (SELECT min(rowid) FROM bag WHERE v = 11)',
    );
    await service.start();
    {
      await using _writer = new Writer(source.url);
      const found = await verify(commands, 'hot', 'flags', 'bag');
      assert.equal(found.exitCode, 1);
      const hot = tableOf(found.result, 'hot');
      // The writer has mended the row with the key 3, or will.
      assert.ok(hot.missing === 1 && hot.extra === 1 && hot.changed <= 1, JSON.stringify(hot));
      assert.deepEqual(
        tableOf(found.result, 'flags').examples.map(({ key, replica }) => [key, replica]),
        [[['400'], '7']],
      );
      const bag = tableOf(found.result, 'bag');
      assert.deepEqual([bag.missing, bag.extra], [1, 1]);

      const mended = await verify(commands, '--repair');
      assert.equal(mended.exitCode, 0, JSON.stringify(mended.result));
      const repaired = mended.result.tables.filter((table) => table.repaired > 0);
      assert.deepEqual(
        repaired.map(({ table }) => table),
        ['bag', 'flags', 'hot'],
      );
      const again = await verify(commands);
      assert.equal(again.exitCode, 0, JSON.stringify(again.result));
      assert.equal(
        again.result.tables.reduce((sum, table) => sum + table.differingRows, 0),
        0,
      );
    }
    await service.caughtUp();
    await service.stop();
    await assertSameReplica(source, duckdbPath);
  });

  test(`${flavour}: a repair of rejected values leaves their record to the stream as it should be`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    await source.run(
      'CREATE TABLE dated (id INT PRIMARY KEY, d DATE NULL)',
      "INSERT INTO dated VALUES (1, '2024-01-01'), (2, '2024-01-02'), (3, '2024-01-03')",
    );
    await using service = await RunningService.start(source, duckdbPath);
    await using commands = CommandLine.open({ MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath });
    await source.run("UPDATE dated SET d = '2024-00-00' WHERE id = 1");
    await service.caughtUp();
    await service.stop();
    await changeReplica(
      duckdbPath,
      'DELETE FROM dated WHERE id IN (1, 3)',
      "DELETE FROM _ducktail.rejected_values WHERE table_name = 'dated'",
    );
    await service.start();
    const rejected = (): Promise<unknown[][]> =>
      service.query('SELECT row_key::VARCHAR, source_text FROM _ducktail.rejected_values');
    const mended = await verify(commands, '--repair');
    assert.equal(mended.exitCode, 0, JSON.stringify(mended.result));
    assert.deepEqual(await rejected(), [['["1"]', '2024-00-00']]);
    await source.run('DELETE FROM dated WHERE id = 1');
    await service.caughtUp();
    assert.deepEqual(await rejected(), []);
    await service.stop();
    await assertSameReplica(source, duckdbPath);
  });
}
