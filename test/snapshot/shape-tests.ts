import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../src/model/sync-result.js';
import { assertSameData } from '../helpers/compare.js';
import { type DucktailRun, runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';
import { SHAPES, type TableShape } from './table-shapes.js';

async function createTable(source: TestSource, shape: TableShape): Promise<void> {
  const { name, ddl, rows, select, more = [] } = shape;
  await source.run(`CREATE TABLE ${name} ${ddl}`);
  if (rows > 0) {
    await source.run(`INSERT INTO ${name} SELECT ${select} FROM numbers WHERE n < ${rows}`);
  }
  await source.run(
    ...more.map((values) => `INSERT INTO ${name} VALUES ${values}`),
    `ANALYZE TABLE ${name}`,
  );
}

function ducktail(source: TestSource, duckdbPath: string, ...args: string[]): Promise<DucktailRun> {
  return runDucktail(['sync', '--json', ...args], {
    MYSQL_URL: source.url,
    DUCKDB_PATH: duckdbPath,
    EXCLUDE_TABLES: 'numbers',
    WORKER_THREADS: '3',
  });
}

/** Copies of tables of every shape, from a server of the flavour. */
export function shapeTests(flavour: Flavour): void {
  test(`tables of every shape come over from ${flavour}`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const shapes = SHAPES.filter(({ flavours }) => flavours?.includes(flavour) ?? true);
    await source.addNumbers(Math.max(...shapes.map(({ rows }) => rows)));
    for (const shape of shapes) await createTable(source, shape);
    const duckdbPath = folder.file('replica.duckdb');

    const plan = await ducktail(source, duckdbPath, '--dry-run');
    assert.equal(plan.exitCode, 0, plan.stderr);
    const { tables: planned } = plan.json<{ tables: { table: string; ranges: number }[] }>();
    const ranges = new Map(planned.map((each) => [each.table, each.ranges]));
    for (const { name, isSplit } of shapes) {
      const count = ranges.get(name) ?? 0;
      assert.ok(isSplit ? count > 1 : count === 1, `${name} is read in ${count} ranges`);
    }

    const run = await ducktail(source, duckdbPath);
    assert.equal(run.exitCode, 0, run.stderr);
    const { tables } = run.json<SyncResult>();
    const counts = new Map(tables.map(({ table, rows }) => [table, rows]));
    for (const { name, rows, more = [] } of shapes) {
      assert.equal(counts.get(name), rows + more.length, name);
    }
    const names = shapes.map(({ name }) => name);
    await assertSameData(source, duckdbPath, { tables: names });
  });
}
