import assert from 'node:assert/strict';
import test from 'node:test';
import { assertSameData } from '../../helpers/compare.js';
import type { Flavour } from '../../servers/test-server.js';
import { DucktailChild } from './ducktail-child.js';
import { CHANGED, openCopy, syncs } from './followed-copy.js';
import type { HookPlan, IncrementalPoint } from './hook-plan.js';

/** Rows that change while a sync is held at the point, each in a way of its own. */
const POINTS: readonly IncrementalPoint[] = [
  'incremental-apply',
  'incremental-before-commit',
  'incremental-after-commit',
  'deletes',
  'deletes-before-commit',
];

/** Rows of a server of the flavour that change while an incremental sync reads them. */
export function changingRowTests(flavour: Flavour): void {
  test(`${flavour}: rows that change while a sync is under way come with the next one`, async (t) => {
    await using copy = await openCopy(flavour);
    const { source, env, duckdbPath } = copy;
    await source.addNumbers(200);
    await source.run(
      `CREATE TABLE t (id INT PRIMARY KEY, v INT, ${CHANGED}, KEY (changed))`,
      'INSERT INTO t (id, v) SELECT n * 10, n FROM numbers',
    );
    await syncs(copy);
    for (const [at, point] of POINTS.entries()) {
      await t.test(point, async () => {
        const row = at * 100;
        await source.run(
          `UPDATE t SET v = v + 1000 WHERE id BETWEEN ${row} AND ${row + 50}`,
          `DELETE FROM t WHERE id = ${row + 60}`,
        );
        const plan: HookPlan = { point, action: 'hold' };
        await using child = DucktailChild.start(['sync', '--deletes', '--json'], env, { plan });
        await child.reached();
        await source.run(
          `UPDATE t SET v = v + 1 WHERE id = ${row}`,
          `UPDATE t SET id = id + 1 WHERE id = ${row + 10}`,
          `DELETE FROM t WHERE id = ${row + 20}`,
          `DELETE FROM t WHERE id = ${row + 30}`,
          `INSERT INTO t (id, v) VALUES (${row + 30}, 7), (${row + 5}, 8), (${row + 60}, 9)`,
        );
        child.resume();
        const run = await child.ended;
        assert.equal(run.exitCode, 0, run.stderr);
      });
    }
    await syncs(copy, '--deletes');
    await assertSameData(source, duckdbPath, { tables: ['t'] });
  });
}
