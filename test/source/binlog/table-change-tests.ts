import assert from 'node:assert/strict';
import test from 'node:test';
import { CHANGE_DELETE, CHANGE_UPSERT } from '../../../src/model/change-plan.js';
import type { TablePlan, TypeOptions } from '../../../src/model/column-plan.js';
import {
  createTypeTable,
  fillTypeTable,
  type TypeCase,
  typeCases,
} from '../../helpers/all-types.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { ChangedSource, type DecodedRows, type HexRow } from './decoded-changes.js';

const ROWS = 70;

const DELETE = `0${CHANGE_DELETE}`;
const UPSERT = `0${CHANGE_UPSERT}`;

/** The rows of one kind without their control columns. */
function rowsOf(changes: DecodedRows, op: string): HexRow[] {
  return changes.rows.filter((row) => row.at(-2) === op).map((row) => row.slice(0, -2));
}

function sorted(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value)).sort();
}

/** Long texts make no readable message. */
function assertSameRows(found: readonly HexRow[], expected: readonly HexRow[], what: string): void {
  const [left, right] = [sorted(found), sorted(expected)];
  assert.equal(left.length, right.length, `${what}: rows`);
  const at = left.findIndex((row, index) => row !== right[index]);
  if (at >= 0) assert.equal(left[at].slice(0, 500), right[at].slice(0, 500), what);
}

function assertSeq(changes: DecodedRows): void {
  const seqs = changes.rows.map((row) => Buffer.from(row.at(-1) ?? '', 'hex').readUInt32LE());
  assert.deepEqual(seqs, [...seqs.keys()]);
}

/** Rows with their key alone. */
function keysOf(rows: readonly HexRow[]): HexRow[] {
  return rows.map(([id, ...others]) => [id, ...others.map(() => null)]);
}

async function checkKeyed(changed: ChangedSource, typeCase: TypeCase): Promise<void> {
  const { source } = changed;
  const { name } = typeCase;
  await changed.skip();
  await createTypeTable(source, typeCase);
  await source.run(`ALTER TABLE \`${name}\` ADD touched INT NOT NULL DEFAULT 0`);
  await fillTypeTable(source, typeCase, ROWS);
  const plan = await changed.plan(name);
  const inserted = changed.decode(plan, await changed.events());
  const first = await changed.select(plan);
  assertSeq(inserted);
  assert.equal(rowsOf(inserted, DELETE).length, 0);
  assertSameRows(rowsOf(inserted, UPSERT), first.rows, `${name} inserted`);
  assert.deepEqual(sorted(inserted.rejected), sorted(first.rejected), `${name} rejected`);
  // What is tens of megabytes long need not come six more times.
  await source.run(`DELETE FROM \`${name}\` WHERE LENGTH(v) > 100000`);

  const before = await changed.select(plan);
  const updated = changed.decode(
    plan,
    await changed.eventsOf(`UPDATE \`${name}\` SET touched = 1`),
  );
  const after = await changed.select(plan);
  assert.equal(rowsOf(updated, DELETE).length, 0);
  assertSameRows(rowsOf(updated, UPSERT), after.rows, `${name} updated`);
  assert.deepEqual(sorted(updated.rejected), sorted(before.rejected), `${name} rejected`);

  const move = `UPDATE \`${name}\` SET id = id + 1000000`;
  const moved = changed.decode(plan, await changed.eventsOf(move));
  assertSeq(moved);
  assertSameRows(rowsOf(moved, DELETE), keysOf(after.rows), `${name} moved from`);
  const last = await changed.select(plan);
  assertSameRows(rowsOf(moved, UPSERT), last.rows, `${name} moved to`);

  const deleted = changed.decode(plan, await changed.eventsOf(`DELETE FROM \`${name}\``));
  assertSameRows(
    deleted.rows.map((row) => row.slice(0, -2)),
    keysOf(last.rows),
    `${name} deleted`,
  );
  assert.deepEqual(deleted.rejected, []);
}

async function checkKeyless(changed: ChangedSource, typeCase: TypeCase): Promise<void> {
  const { source } = changed;
  const name = typeCase.name;
  await source.run(`ALTER TABLE \`${name}\` DROP PRIMARY KEY`);
  await changed.skip();
  await fillTypeTable(
    source,
    { ...typeCase, values: typeCase.values.filter(({ once }) => !once) },
    ROWS,
  );
  const plan: TablePlan = await changed.plan(name);
  const inserted = changed.decode(plan, await changed.events());
  const first = await changed.select(plan);
  assertSameRows(rowsOf(inserted, UPSERT), first.rows, `${name} inserted without a key`);
  const updated = changed.decode(
    plan,
    await changed.eventsOf(`UPDATE \`${name}\` SET touched = 1`),
  );
  const second = await changed.select(plan);
  assertSeq(updated);
  assertSameRows(rowsOf(updated, DELETE), first.rows, `${name} updated without a key`);
  assertSameRows(rowsOf(updated, UPSERT), second.rows, `${name} updated without a key`);
  const deleted = changed.decode(plan, await changed.eventsOf(`DELETE FROM \`${name}\``));
  assertSameRows(rowsOf(deleted, DELETE), second.rows, `${name} deleted without a key`);
  assert.deepEqual(sorted(deleted.rejected), sorted(second.rejected), `${name} rejected`);
}

const OTHER_OPTIONS: Partial<TypeOptions> = {
  tinyint1As: 'tinyint',
  timeAs: 'interval',
  timestampAs: 'timestamptz',
};

/** Every type from the binlog of a server of the flavour, held against a SELECT. */
export function tableChangeTests(flavour: Flavour): void {
  test(`every type comes from the binlog of ${flavour} as from a SELECT`, async (t) => {
    await using source = await TestSource.open(flavour);
    await using changed = await ChangedSource.open(source);
    await source.addNumbers(ROWS);
    for (const typeCase of typeCases(flavour)) {
      await t.test(typeCase.name, async () => {
        await checkKeyed(changed, typeCase);
        await checkKeyless(changed, typeCase);
        // A plan is made from the whole catalog, which would be longer from case to case.
        await source.run(`DROP TABLE \`${typeCase.name}\``);
      });
    }
  });

  test(`types that follow the options come from ${flavour} as from a SELECT`, async () => {
    await using source = await TestSource.open(flavour);
    await using changed = await ChangedSource.open(source, OTHER_OPTIONS);
    await source.addNumbers(ROWS);
    for (const typeCase of typeCases(flavour)) {
      if (/^(?:time_|timestamp_6|bool_)/.test(typeCase.name)) await checkKeyed(changed, typeCase);
    }
  });
}
