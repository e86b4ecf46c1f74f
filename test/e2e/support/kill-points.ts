import assert from 'node:assert/strict';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import type { HookPlan } from './hook-plan.js';
import { InvariantReader } from './invariant-reader.js';
import { RunningService } from './running-service.js';
import { assertSameReplica } from './same-replica.js';
import { Transfers } from './transfers.js';

const WRITERS = 2;

/** Where a process kills itself. */
export type KillPoint = Omit<HookPlan, 'action'>;

export interface KillPoints {
  /** Of the stream. */
  readonly stream: readonly KillPoint[];
  /** Of the copies that an ALTER leads to, at the start and beside the stream. */
  readonly copies: readonly KillPoint[];
}

/**
 * A service that kills itself at each of the points, while others write, and is started again each
 * time: in the end the replica has to equal the source, and every sum read meanwhile to be right.
 */
export async function dieAtPoints(flavour: Flavour, { stream, copies }: KillPoints): Promise<void> {
  await using source = await TestSource.open(flavour);
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  await source.run(
    'CREATE TABLE altered (id INT PRIMARY KEY, v INT)',
    'INSERT INTO altered VALUES (1, 1), (2, 2)',
    'CREATE TABLE keyless (v INT)',
    'INSERT INTO keyless VALUES (1), (1), (2)',
  );
  await using transfers = await Transfers.start(source, WRITERS);
  await using service = await RunningService.start(source, duckdbPath);
  await using reader = InvariantReader.start(service);
  await service.stop();
  let version = 0;
  const change = (): Promise<void> => {
    version += 1;
    return source.run(
      `UPDATE altered SET v = v + 1`,
      `INSERT INTO keyless VALUES (1), (${version})`,
      `DELETE FROM keyless WHERE v = 1 LIMIT 1`,
    );
  };
  for (const point of stream) {
    await change();
    await service.launch({ ...point, action: 'kill' });
    assert.equal((await service.end()).signal, 'SIGKILL', JSON.stringify(point));
  }
  for (const point of copies) {
    await service.start();
    await service.stop();
    await source.run(`ALTER TABLE altered ADD COLUMN c${version} INT DEFAULT ${version}`);
    await change();
    await service.launch({ ...point, action: 'kill' });
    assert.equal((await service.end()).signal, 'SIGKILL', JSON.stringify(point));
    // Beside the running stream: the statement comes while it is followed.
    await service.start();
    await service.stop();
    await service.launch({ ...point, action: 'kill' });
    await service.streaming();
    await source.run(`ALTER TABLE altered ADD COLUMN d${version} INT DEFAULT ${version}`);
    await change();
    assert.equal((await service.end()).signal, 'SIGKILL', JSON.stringify(point));
  }
  await service.start();
  await transfers.until(20);
  await transfers.stop();
  await service.caughtUp();
  await reader.assertHeld(1);
  await service.stop();
  await assertSameReplica(source, duckdbPath);
}
