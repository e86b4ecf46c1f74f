import assert from 'node:assert/strict';
import test from 'node:test';
import { parseMysqlUrl } from '../../config/mysql-url.js';
import { RetentionReader, retentionSeconds } from '../../src/source/binlog-retention.js';
import { openSession } from '../../src/source/connect.js';
import { readBinlogEnd } from '../../src/source/positions.js';
import { readVariables } from '../../src/source/server-variables.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
const LATEST_MS = 60_000;

for (const flavour of FLAVOURS) {
  test(`${flavour}: what is needed is kept from its last write on`, async () => {
    await using source = await TestSource.open(flavour);
    const { endpoint } = parseMysqlUrl(source.url);
    assert.ok(endpoint);
    await using session = await openSession(endpoint);
    const variables = await readVariables(session, [
      'binlog_expire_logs_seconds',
      'expire_logs_days',
    ]);
    const kept = retentionSeconds(variables);
    const end = await readBinlogEnd(session);
    assert.ok(end);
    const reader = new RetentionReader();
    const needed = { reached: end, sourceTimeMs: 1000, isOwn: true };

    // The file that is written to is kept from now on at least.
    const first = await reader.read(session, needed);
    assert.equal(first?.isKept, true);
    assertNear(first.purgeableAtMs, kept === null ? null : Date.now() + kept * 1000);

    // And still when another one follows it: it was seen to be written to.
    await source.run('FLUSH BINARY LOGS', 'CREATE TABLE t (id INT PRIMARY KEY)');
    const second = await reader.read(session, needed);
    assert.equal(second?.isKept, true);
    assert.ok((second.behindBytes ?? 0) > 0);
    assertNear(second.purgeableAtMs, first.purgeableAtMs);

    // One who has not seen that knows of the last transaction from it alone.
    const other = await new RetentionReader().read(session, needed);
    assert.equal(other?.purgeableAtMs, kept === null ? null : 1000 + kept * 1000);

    const gone = { ...end, file: end.file.replace(/\d+$/, '000000') };
    const lost = await reader.read(session, { ...needed, reached: gone });
    assert.deepEqual([lost?.isKept, lost?.behindBytes], [false, null]);
    // Which may be another server's name of a file.
    assert.equal(await reader.read(session, { ...needed, reached: gone, isOwn: false }), null);
  });
}

test('retention is read as the servers have it', () => {
  const read = (variables: Record<string, string>): number | null =>
    retentionSeconds(new Map(Object.entries(variables)));
  assert.equal(read({ binlog_expire_logs_seconds: '60' }), 60);
  assert.equal(read({ expire_logs_days: '1.5', binlog_expire_logs_seconds: '0' }), 129_600);
  assert.equal(read({ expire_logs_days: '0' }), null);
  assert.equal(
    read({ binlog_expire_logs_seconds: '60', binlog_expire_logs_auto_purge: 'OFF' }),
    null,
  );
});

function assertNear(actual: number | null, expected: number | null): void {
  if (actual === null || expected === null) assert.equal(actual, expected);
  else assert.ok(Math.abs(actual - expected) < LATEST_MS, `${actual} instead of ${expected}`);
}
