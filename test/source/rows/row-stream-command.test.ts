import assert from 'node:assert/strict';
import test from 'node:test';
import { openSession, type SourceSession } from '../../../src/source/connect.js';
import { RowStreamCommand } from '../../../src/source/rows/row-stream-command.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { endpointOf } from '../test-account.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

/** Rows as bytes from the NULL bits on; rejects with the error that ended them. */
async function readRows(
  session: SourceSession,
  sql: string,
  onRow: () => void = () => undefined,
): Promise<string[]> {
  const id = await new Promise<number>((resolve, reject) => {
    session.protocol.prepare(sql, (error, statement) => {
      if (error) reject(error);
      else resolve((statement as unknown as { id: number }).id);
    });
  });
  const rows: string[] = [];
  return new Promise((resolve, reject) => {
    session.protocol.addCommand(
      new RowStreamCommand(
        id,
        (bytes, start) => {
          rows.push(bytes.toString('hex', start + 1, start + 12));
          onRow();
        },
        (error) => {
          if (error === null) resolve(rows);
          else reject(error);
        },
      ),
    );
  });
}

for (const flavour of FLAVOURS) {
  test(`rows of a prepared statement come as bytes from ${flavour}`, async () => {
    await using source = await TestSource.open(flavour);
    await using session = await openSession(endpointOf(source.url));
    await source.addNumbers(3000);
    const rows = await readRows(session, 'SELECT n FROM numbers ORDER BY n');
    assert.equal(rows.length, 3000);
    assert.deepEqual([rows[0].slice(0, 10), rows[2999].slice(0, 10)], ['0000000000', '00b70b0000']);
    assert.deepEqual(await readRows(session, 'SELECT n FROM numbers WHERE n < 0'), []);
    const wide = Array.from({ length: 300 }, (_, at) => `n + ${at}`).join(', ');
    assert.equal((await readRows(session, `SELECT ${wide} FROM numbers`)).length, 3000);
  });

  test(`an error before or among the rows of ${flavour} ends them`, async () => {
    await using source = await TestSource.open(flavour);
    await using session = await openSession(endpointOf(source.url));
    await source.addNumbers(20_000);
    const failing = 'SELECT n, (SELECT m.n FROM numbers m WHERE m.n >= 19999 - q.n) FROM numbers q';
    await assert.rejects(readRows(session, `${failing} ORDER BY n`), /more than 1 row/);
    await assert.rejects(
      readRows(session, 'SELECT n FROM numbers WHERE n = (SELECT n FROM numbers)'),
      /more than 1 row/,
    );
    // The connection is as good as before.
    assert.equal((await readRows(session, 'SELECT n FROM numbers')).length, 20_000);
    assert.deepEqual(await session.query(`SELECT 'x' AS x`), [{ x: 'x' }]);
  });

  test(`a connection to ${flavour} that breaks among the rows is told`, async () => {
    await using source = await TestSource.open(flavour);
    const session = await openSession(endpointOf(source.url));
    await source.addNumbers(20_000);
    const kills: Promise<void>[] = [];
    const reading = readRows(session, 'SELECT a.n, b.n FROM numbers a, numbers b', () => {
      if (kills.length === 0) kills.push(source.run(`KILL ${session.connectionId}`));
    });
    await assert.rejects(reading, /closed|lost|killed|interrupted|ECONNRESET/i);
    await Promise.all(kills);
    session.destroy();
  });
}
