import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { RunningService } from './running-service.js';
import { assertSameReplica } from './same-replica.js';

const INSERTED = 1_000_000;
const UPDATED = 700_000;
const DELETED = INSERTED - UPDATED;
/** Portions of the transaction that a process has applied when it kills itself. */
const PORTIONS_BEFORE_KILL = 15;
const MOST_RSS_BYTES = 500 * 1000 * 1000;
const CATCH_UP_MS = 180_000;
const POLL_MS = 50;

/** Rows, and what tells each of the statements; before the transaction and after it. */
const STATE = `SELECT CAST(count(*) AS VARCHAR), CAST(coalesce(sum(v), 0) AS VARCHAR),
    (SELECT CAST(count(*) AS VARCHAR) FROM marks) FROM large`;
const BEFORE = ['1', '5', '0'];
const AFTER = [
  String(UPDATED + 1),
  // Each updated row has 0 + 1, the row that was there 5.
  String(UPDATED + 5),
  '2',
];

/**
 * One transaction of two million changed rows: a process that is killed in its midst has applied
 * nothing of it, and the next one applies it once, with flat memory; nobody ever reads a part. Resolves to the
 * most memory that it had resident; null where the system doesn't say.
 */
export async function applyLargeTransaction(flavour: Flavour): Promise<number | null> {
  await using source = await TestSource.open(flavour);
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  await source.run(
    'CREATE TABLE large (id INT PRIMARY KEY, v INT NOT NULL, t VARCHAR(40))',
    "INSERT INTO large VALUES (-1, 5, 'was there')",
    'CREATE TABLE marks (n INT PRIMARY KEY)',
    'SET SESSION sql_log_bin = 0',
  );
  await source.addNumbers(INSERTED);
  await source.run('SET SESSION sql_log_bin = 1');
  // While somebody reads, what is lent to queries is the transaction's, too: 256 MB by default.
  const variables = { EXCLUDE_TABLES: 'numbers', QUERY_MEMORY_LIMIT: '1MB' };
  await using service = await RunningService.start(source, duckdbPath, { variables });
  await service.stop();
  await source.run(
    'BEGIN',
    'INSERT INTO marks VALUES (1)',
    "INSERT INTO large SELECT n, 0, CONCAT('a text of row ', n) FROM numbers",
    `UPDATE large SET v = v + 1, t = CONCAT('changed ', id) WHERE id BETWEEN 0 AND ${UPDATED - 1}`,
    `DELETE FROM large WHERE id >= ${INSERTED - DELETED}`,
    'INSERT INTO marks VALUES (2)',
    'COMMIT',
  );
  const point = 'stream-apply';
  await service.launch({ point, action: 'kill', afterPasses: PORTIONS_BEFORE_KILL });
  const whole = [BEFORE, AFTER].map((row) => JSON.stringify(row));
  const seen = await readUntil(service, async () => (await service.end()).signal === 'SIGKILL');
  assert.deepEqual(
    seen.filter((row) => row !== whole[0]),
    [],
  );

  await service.launch();
  let isThere = false;
  const reading = readUntil(service, async () => {
    await service.caughtUp({ timeoutMs: CATCH_UP_MS });
    isThere = true;
    return true;
  });
  const rows = await reading;
  assert.ok(isThere && rows.length > 0);
  assert.deepEqual(
    rows.filter((row) => !whole.includes(row)),
    [],
  );
  assert.deepEqual(await service.query(STATE), [AFTER]);
  const peakBytes = await service.peakRssBytes();
  assert.ok(peakBytes === null || peakBytes < MOST_RSS_BYTES, `${String(peakBytes)} bytes`);
  await service.stop();
  await assertSameReplica(source, duckdbPath, { isLeftOut: (name) => name === 'numbers' });
  return peakBytes;
}

/** What is read over and over until `end` resolves to true: each different answer once. */
async function readUntil(service: RunningService, end: () => Promise<boolean>): Promise<string[]> {
  const seen = new Set<string>();
  let isOver = false;
  const reading = (async (): Promise<void> => {
    while (!isOver) {
      // Between the processes nobody answers.
      const rows = await service.query(STATE).catch(() => []);
      for (const row of rows) seen.add(JSON.stringify(row));
      await delay(POLL_MS);
    }
  })();
  try {
    assert.ok(await end());
  } finally {
    isOver = true;
    await reading;
  }
  return [...seen];
}
