import assert from 'node:assert/strict';
import test from 'node:test';
import { Replica } from '../../helpers/replica.js';
import type { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { COUNTER_CASES } from './counter-cases.js';
import { EQUAL_KEY_CASES, LOSSY_KEY_CASES } from './doubtful-key-cases.js';
import { KEY_CASES } from './key-cases.js';
import { SyncedCopy, type SyncedTables } from './synced-copy.js';
import { runOn, type TableCase } from './table-case.js';
import { WATERMARK_CASES } from './watermark-cases.js';

/** Every case's table in one database: each sync is run once for all of them. */
const ALL_CASES: readonly TableCase[] = [
  ...WATERMARK_CASES,
  ...COUNTER_CASES,
  ...KEY_CASES,
  ...EQUAL_KEY_CASES,
];

function assertCounts({ table, counts = {} }: TableCase, synced: SyncedTables): void {
  const { mode, inserted, updated, deleted, unchanged } = synced.get(table);
  assert.deepEqual(
    { mode, inserted, updated, deleted, unchanged },
    { mode: 'incremental', inserted, updated, deleted: 0, unchanged, ...counts },
  );
}

/** The rows that are gone from the source are still there, and no other is there too often. */
async function assertRowsStay(
  source: TestSource,
  replica: Replica,
  { table, gone = 0 }: TableCase,
): Promise<void> {
  if (gone === null) return;
  const [[there]] = await source.texts(
    `SELECT CAST(COUNT(*) AS CHAR) FROM \`${table.replaceAll('`', '``')}\``,
  );
  const [[here]] = await replica.texts(
    `SELECT CAST(count(*) AS VARCHAR) FROM "${table.replaceAll('"', '""')}"`,
  );
  assert.equal(Number(here), Number(there) + gone);
}

/** Compares the tables of the cases; what it returns fails for one that differs. */
async function compared(
  copy: SyncedCopy,
  cases: readonly TableCase[],
): Promise<(one: TableCase) => void> {
  const [withTexts, without] = await Promise.all(
    [true, false].map((rejections) => {
      const tables = cases.filter(({ hasKeyTexts = true }) => hasKeyTexts === rejections);
      return copy.compared({ tables: tables.map(({ table }) => table), rejections });
    }),
  );
  return ({ table, hasKeyTexts = true }) => (hasKeyTexts ? withTexts : without)(table);
}

async function assertSame(copy: SyncedCopy, cases: readonly TableCase[]): Promise<void> {
  const assertSameTable = await compared(copy, cases);
  for (const one of cases) assertSameTable(one);
}

/** What every case says of its syncs, from a server of the flavour. */
export function changeTests(flavour: Flavour): void {
  const cases = ALL_CASES.filter(({ flavours }) => flavours?.includes(flavour) ?? true);

  test(`changes since the last sync come over from ${flavour}`, async (t) => {
    await using copy = await SyncedCopy.open(flavour);
    for (const one of cases) {
      await copy.source.run(`CREATE TABLE \`${one.table.replaceAll('`', '``')}\` ${one.ddl}`);
      await runOn(copy.source, one, one.seed);
    }
    const first = await copy.sync();
    assert.ok(first.all().every(({ mode }) => mode === 'full'));
    for (const { table, rejected } of cases) {
      if (rejected) assert.equal(first.get(table).rejectedValues, rejected.before, table);
    }
    await assertSame(copy, cases);

    await t.test('nothing has changed', async () => {
      await copy.syncAgain();
    });

    for (const one of cases) await runOn(copy.source, one, one.change);
    const second = await copy.sync();
    const assertSameTable = await compared(
      copy,
      cases.filter(({ gone }) => gone === undefined),
    );
    const replica = await Replica.open(copy.duckdbPath);
    for (const one of cases) {
      await t.test(one.table, async () => {
        assertCounts(one, second);
        await assertRowsStay(copy.source, replica, one);
        if (one.rejected) assert.equal(second.get(one.table).rejectedValues, one.rejected.after);
        if (one.gone === undefined) assertSameTable(one);
      });
    }
    replica[Symbol.dispose]();

    await t.test('watermarks are not ahead of the clock', async () => {
      const [[now]] = await copy.source.texts('SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)');
      for (const { table, newWatermark } of second.all()) {
        assert.equal(await copy.storedWatermark(table), newWatermark, table);
        if (newWatermark?.includes(':')) assert.ok(newWatermark <= (now ?? ''), table);
      }
    });

    await t.test('nothing has changed since', async () => {
      await copy.syncAgain();
    });

    await t.test('rows that are gone go with --deletes', async () => {
      const third = await copy.sync(['--deletes']);
      for (const { table, gone = 0, rejected } of cases) {
        const { mode, inserted, updated, deleted, rejectedValues } = third.get(table);
        assert.deepEqual(
          { table, mode, inserted, updated, deleted },
          { table, mode: 'incremental', inserted: 0, updated: 0, deleted: gone ?? deleted },
        );
        if (rejected) assert.equal(rejectedValues, rejected.withoutGone, table);
      }
      await assertSame(copy, cases);
    });

    await t.test('and once only', async () => {
      await copy.syncAgain(['--deletes']);
      await assertSame(copy, cases);
    });
  });

  test(`keys that the replica cannot tell apart come over from ${flavour}`, async (t) => {
    await using copy = await SyncedCopy.open(flavour);
    for (const one of LOSSY_KEY_CASES) {
      await copy.source.run(`CREATE TABLE ${one.table} ${one.ddl}`);
      await runOn(copy.source, one, one.seed);
    }
    await copy.sync();
    for (const one of LOSSY_KEY_CASES) await runOn(copy.source, one, one.change);
    await copy.sync();
    await copy.sync(['--deletes']);
    const assertSameTable = await copy.compared();
    for (const { table } of LOSSY_KEY_CASES) await t.test(table, () => assertSameTable(table));
  });
}
