import assert from 'node:assert/strict';
import test from 'node:test';
import { migrate } from '../../src/state/migrate.js';
import {
  forgetParkedEvents,
  parkEvents,
  readParkedEvents,
  readParkedXids,
} from '../../src/state/parked-transactions.js';
import {
  readQuarantines,
  recordQuarantine,
  releaseQuarantine,
} from '../../src/state/quarantine.js';
import {
  forgetStreamPosition,
  readStreamPosition,
  recordStreamPosition,
} from '../../src/state/stream.js';
import type { Row } from '../../src/target/database.js';
import { TempDatabase } from '../target/temp-database.js';

test('a stream has one position per target schema', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await migrate(database);
  const query = (sql: string): Promise<Row[]> => database.rows(sql);
  const at = (position: number) => ({
    sourceIdentity: 'uuid',
    checkpoint: { gtidSet: 'uuid:1-5', file: 'binlog.000001', position },
    sourceTimeMs: 1_700_000_000_123,
  });
  for (const position of [1, 2]) await recordStreamPosition(database, 'main', at(position));
  await recordStreamPosition(database, 'copy', at(7));
  const recorded = await readStreamPosition(query, 'main');
  assert.ok(recorded !== null);
  const { recordedAtMs, ...position } = recorded;
  assert.deepEqual(position, at(2));
  assert.ok(Math.abs(recordedAtMs - Date.now()) < 60_000);
  await forgetStreamPosition(database, 'main');
  assert.equal(await readStreamPosition(query, 'main'), null);
  assert.equal((await readStreamPosition(query, 'copy'))?.checkpoint.position, 7);
});

test('events of prepared transactions are parked byte for byte and in their order', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await migrate(database);
  const query = (sql: string): Promise<Row[]> => database.rows(sql);
  const events = [Buffer.of(0, 255, 10), Buffer.alloc(0), Buffer.from("it's")];
  const xid = `X'7831',X'',1`;
  await parkEvents(database, xid, 0, events.slice(0, 2));
  await parkEvents(database, 'other', 0, [Buffer.of(1)]);
  await parkEvents(database, xid, 2, events.slice(2));
  assert.deepEqual(await readParkedEvents(query, xid, 0, 10), events);
  assert.deepEqual(await readParkedEvents(query, xid, 1, 1), events.slice(1, 2));
  await forgetParkedEvents(database, xid);
  assert.deepEqual(await readParkedXids(query), new Set(['other']));
});

test('a quarantine is replaced, and released', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await migrate(database);
  const query = (sql: string): Promise<Row[]> => database.rows(sql);
  await recordQuarantine(database, 'main', 't', 'first');
  await recordQuarantine(database, 'main', 't', 'second');
  await recordQuarantine(database, 'copy', 't', 'other');
  const known = await readQuarantines(query, 'main');
  assert.deepEqual(
    [...known.values()].map(({ reason }) => reason),
    ['second'],
  );
  await releaseQuarantine(database, 'main', 't');
  assert.equal((await readQuarantines(query, 'main')).size, 0);
});
