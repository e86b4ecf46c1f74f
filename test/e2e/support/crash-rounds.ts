import { setTimeout as delay } from 'node:timers/promises';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { CdcWorkload, WORKLOAD_TABLES } from './cdc-workload.js';
import { InvariantReader } from './invariant-reader.js';
import { Random } from './random.js';
import { RunningService } from './running-service.js';
import { assertSameReplica } from './same-replica.js';
import { Transfers } from './transfers.js';

export interface CrashRounds {
  readonly flavour: Flavour;
  readonly rounds: number;
  /** Says what is written and when the service is killed. */
  readonly seed: number;
  readonly log?: (line: string) => void;
}

export interface CrashRoundsResult {
  readonly transactions: number;
  readonly transfers: number;
  readonly rows: number;
}

/** From the start of the process: also in its start, and while it copies. */
const LONGEST_LIFE_MS = 2500;
const WRITERS = 2;

/**
 * Kills a service at random instants while transactions are written, and starts it again each time.
 * Every sum read meanwhile has to be right, and in the end the replica has to equal the source.
 */
export async function runCrashRounds(options: CrashRounds): Promise<CrashRoundsResult> {
  const { flavour, rounds, seed, log = () => undefined } = options;
  const random = new Random(seed);
  await using source = await TestSource.open(flavour);
  await using folder = await TempFolder.open();
  await source.run(...WORKLOAD_TABLES);
  await using transfers = await Transfers.start(source, WRITERS);
  const stop = new AbortController();
  const workload = new CdcWorkload(seed, flavour).write(source.url, Infinity, stop.signal);
  // Its error is thrown where it is awaited.
  workload.catch(() => undefined);
  try {
    const duckdbPath = folder.file('replica.duckdb');
    await using service = await RunningService.start(source, duckdbPath);
    await using reader = InvariantReader.start(service);
    for (let round = 1; round <= rounds; round++) {
      const lifeMs = random.below(LONGEST_LIFE_MS);
      log(`${flavour}, round ${round} of ${rounds}: killed after ${lifeMs} ms`);
      await delay(lifeMs);
      await service.kill();
      await service.launch();
      // Some have to get far enough to be killed in the middle of work.
      if (random.chance(0.3)) await service.streaming();
    }
    await service.streaming();
    await transfers.until(20);
    stop.abort();
    const transactions = await workload;
    const transferred = await transfers.stop();
    await service.caughtUp();
    await reader.assertHeld(rounds);
    await service.stop();
    const { rows } = await assertSameReplica(source, duckdbPath);
    return { transactions, transfers: transferred, rows };
  } finally {
    stop.abort();
    await workload.catch(() => undefined);
  }
}
