import assert from 'node:assert/strict';
import test from 'node:test';
import mysql from 'mysql2/promise';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { RunningService } from './running-service.js';
import { assertSameReplica } from './same-replica.js';

/** XA transactions of a server of the flavour, over stops and a kill of the service. */
export function preparedTransactionTest(flavour: Flavour): void {
  test(`${flavour}: prepared transactions are decided later, whatever happens to the service`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    await source.run(
      'CREATE TABLE decided (id INT PRIMARY KEY, v INT)',
      'CREATE TABLE decided_bag (v INT)',
      'INSERT INTO decided VALUES (1, 1), (2, 2), (3, 3), (4, 4)',
    );
    const duckdbPath = folder.file('replica.duckdb');
    await using service = await RunningService.start(source, duckdbPath);
    await using committed = await PreparedTransaction.begin(source, 1);
    await using rolledBack = await PreparedTransaction.begin(source, 2);
    await using whileStopped = await PreparedTransaction.begin(source, 3);
    await using afterKill = await PreparedTransaction.begin(source, 4);
    await source.run('INSERT INTO decided VALUES (100, 0)');
    await service.caughtUp();
    assert.deepEqual(await service.query('SELECT CAST(max(id) AS VARCHAR) FROM decided'), [
      ['100'],
    ]);
    await committed.end('COMMIT');
    await service.stop();
    await whileStopped.end('COMMIT');
    await source.run('INSERT INTO decided VALUES (101, 0)');
    await service.start();
    await rolledBack.end('ROLLBACK');
    await service.caughtUp();
    await service.kill();
    await service.start();
    await afterKill.end('COMMIT');
    await using _atOnce = await PreparedTransaction.begin(source, 100, 'COMMIT ONE PHASE');
    await source.run('UPDATE decided SET v = v + 1');
    await service.caughtUp();
    await service.stop();
    const { rows } = await assertSameReplica(source, duckdbPath);
    assert.equal(rows, 4 + 1 + 1 + 4 + 4);
  });
}

/** An XA transaction that has changed the row `id` of `decided` and added a row to each table. */
class PreparedTransaction implements AsyncDisposable {
  private constructor(
    private readonly connection: mysql.Connection,
    private readonly xid: string,
    private isDecided: boolean,
  ) {}

  static async begin(
    source: TestSource,
    id: number,
    end: 'PREPARE' | 'COMMIT ONE PHASE' = 'PREPARE',
  ): Promise<PreparedTransaction> {
    const connection = await mysql.createConnection({ uri: source.url });
    const xid = `'${source.database}-${id}'`;
    const [verb, ...how] = end.split(' ');
    for (const statement of [
      `XA START ${xid}`,
      `UPDATE decided SET v = v + 100 WHERE id = ${id}`,
      `INSERT INTO decided VALUES (${1000 + id}, ${id})`,
      `INSERT INTO decided_bag VALUES (${id})`,
      `XA END ${xid}`,
      `XA ${verb} ${xid} ${how.join(' ')}`,
    ]) {
      await connection.query(statement);
    }
    return new PreparedTransaction(connection, xid, end !== 'PREPARE');
  }

  async end(decision: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    await this.connection.query(`XA ${decision} ${this.xid}`);
    this.isDecided = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It would keep its locks for ever.
    if (!this.isDecided) await this.end('ROLLBACK');
    await this.connection.end();
  }
}
