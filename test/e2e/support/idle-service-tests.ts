import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ControlClient } from '../../../src/service/control-client.js';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { RunningService } from './running-service.js';

const CHANGES = 21;
const POLL_MS = 5;
const TIMEOUT_MS = 10_000;
/** Longer than a batch is gathered: nothing is on the way when the next change comes. */
const IDLE_MS = 250;
/** A change in the middle of them: a busy machine delays some, and a fault all. */
const MEDIAN_LIMIT_MS = 200;

/** Asks the service until the row has the value; resolves to how long that took. */
async function visibleAfter(duckdbPath: string, value: number): Promise<number> {
  const since = performance.now();
  for (;;) {
    using client = await ControlClient.find(duckdbPath);
    assert.ok(client, 'no service answers');
    const { rows } = await client.query('SELECT v FROM watched WHERE id = 1');
    const tookMs = performance.now() - since;
    if (rows[0]?.[0] === value) return tookMs;
    assert.ok(tookMs < TIMEOUT_MS, `${value} is not there after ${TIMEOUT_MS} ms`);
    await delay(POLL_MS);
  }
}

/** How soon an idle service shows what changes on a server of the flavour. */
export function idleServiceTests(flavour: Flavour): void {
  test(`${flavour}: a change of a service that is idle is seen within ${MEDIAN_LIMIT_MS} ms`, async (t) => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    await source.run(
      'CREATE TABLE watched (id INT PRIMARY KEY, v INT NOT NULL)',
      'INSERT INTO watched VALUES (1, 0)',
    );
    await using service = await RunningService.start(source, folder.file('replica.duckdb'));
    const tookMs: number[] = [];
    for (let value = 1; value <= CHANGES; value += 1) {
      await delay(IDLE_MS);
      await source.run(`UPDATE watched SET v = ${value}`);
      tookMs.push(await visibleAfter(service.duckdbPath, value));
    }
    await service.stop();
    tookMs.sort((a, b) => a - b);
    const medianMs = tookMs[CHANGES >> 1];
    const words = `median ${medianMs.toFixed(0)} ms, longest ${tookMs[CHANGES - 1].toFixed(0)} ms`;
    t.diagnostic(`${flavour}: ${words}`);
    assert.ok(medianMs < MEDIAN_LIMIT_MS, words);
  });
}
