import { setTimeout as delay } from 'node:timers/promises';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import { type Flavour, openTestServer } from '../../servers/test-server.js';
import { CdcWorkload, WORKLOAD_TABLES } from './cdc-workload.js';
import { FreshSource } from './fresh-source.js';
import { InvariantReader } from './invariant-reader.js';
import { Random } from './random.js';
import { RunningService } from './running-service.js';
import { assertSameReplica } from './same-replica.js';
import { TcpProxy } from './tcp-proxy.js';
import { Transfers } from './transfers.js';

/** Whom a round strikes: the service is killed, the source is, or what is between them misbehaves. */
export type Victim = 'service' | 'source' | 'network';

export interface CrashRounds {
  readonly flavour: Flavour;
  readonly victim: Victim;
  readonly rounds: number;
  /** Says what is written and when a round strikes. */
  readonly seed: number;
  readonly log?: (line: string) => void;
}

export interface CrashRoundsResult {
  readonly transactions: number;
  readonly transfers: number;
  readonly rows: number;
  /** Answers that kept the invariant. */
  readonly reads: number;
}

/** From the start of the process: also in its start, and while it copies. */
const LONGEST_LIFE_MS = 2500;
const LONGEST_BREAK_MS = 600;
const MOST_DELAY_MS = 60;
const WRITERS = 2;
/** A source that forgets what it has sent is another matter (cdc-source-history.long.test.ts). */
const DURABLE = ['--sync-binlog=1', '--innodb-flush-log-at-trx-commit=1'];
/** What was written during the rounds is much, and a silent connection shows after 15 seconds. */
const CATCH_UP_MS = 60_000;
const CATCH_UP_PER_ROUND_MS = 3_000;
const MOST_CATCH_UP_MS = 220_000;

/** A source with writers, and a way to strike. */
interface Scene extends AsyncDisposable {
  readonly source: TestSource | FreshSource;
  /** Where the service reaches it. */
  readonly url: string;
  strike(service: RunningService): Promise<void>;
  /** Nothing is in the way of the service any more. */
  calm(): void;
}

/**
 * Strikes at random instants while transactions are written. Every sum read meanwhile has to be
 * right, and in the end the replica has to equal the source.
 */
export async function runCrashRounds(options: CrashRounds): Promise<CrashRoundsResult> {
  const { flavour, victim, rounds, seed, log = () => undefined } = options;
  const random = new Random(seed);
  await using folder = await TempFolder.open();
  await using scene = await SCENES[victim](flavour, random);
  const { source } = scene;
  await source.run(...WORKLOAD_TABLES);
  const isMortal = victim === 'source';
  await using transfers = await Transfers.start(source, WRITERS, { isMortal });
  const stop = new AbortController();
  const workload = write(new CdcWorkload(seed, flavour), source.url, isMortal, stop.signal);
  // Its error is thrown where it is awaited.
  workload.catch(() => undefined);
  const catchUpMs = Math.min(CATCH_UP_MS + rounds * CATCH_UP_PER_ROUND_MS, MOST_CATCH_UP_MS);
  const patience = { timeoutMs: catchUpMs };
  try {
    const duckdbPath = folder.file('replica.duckdb');
    const lifeMs = 2 * catchUpMs + rounds * 4 * LONGEST_LIFE_MS;
    await using service = await RunningService.start(source, duckdbPath, {
      url: scene.url,
      lifeMs,
    });
    await using reader = InvariantReader.start(service);
    for (let round = 1; round <= rounds; round++) {
      const afterMs = random.below(LONGEST_LIFE_MS);
      log(`${flavour}, ${victim}, round ${round} of ${rounds}: after ${afterMs} ms`);
      await delay(afterMs);
      await scene.strike(service);
      // Some have to get far enough to be struck in the middle of work.
      if (random.chance(0.3)) await service.streaming(patience);
    }
    scene.calm();
    await service.streaming(patience);
    await transfers.until(20);
    stop.abort();
    const transactions = await workload;
    const transferred = await transfers.stop();
    await service.caughtUp(patience);
    const reads = await reader.assertHeld(rounds);
    await service.stop();
    const { rows } = await assertSameReplica(source, duckdbPath);
    return { transactions, transfers: transferred, rows, reads };
  } finally {
    stop.abort();
    await workload.catch(() => undefined);
  }
}

function write(
  workload: CdcWorkload,
  url: string,
  isMortal: boolean,
  stop: AbortSignal,
): Promise<number> {
  return isMortal ? workload.writeOnAndOn(url, stop) : workload.write(url, Infinity, stop);
}

const SCENES: Record<Victim, (flavour: Flavour, random: Random) => Promise<Scene>> = {
  service: async (flavour) => {
    const source = await TestSource.open(flavour);
    return {
      source,
      url: source.url,
      async strike(service) {
        await service.kill();
        await service.launch();
      },
      calm: () => undefined,
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    };
  },

  source: async (flavour, random) => {
    const server = await openTestServer(flavour, { ignoreUrl: true, extraArguments: DURABLE });
    const source = await FreshSource.create(server);
    return {
      source,
      url: source.url,
      async strike() {
        await server.kill();
        await delay(random.below(LONGEST_BREAK_MS));
        await server.start();
      },
      calm: () => undefined,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },

  network: async (flavour, random) => {
    const source = await TestSource.open(flavour);
    const proxy = await TcpProxy.open(source.serverUrl);
    const ways: (() => Promise<void> | void)[] = [
      () => proxy.cut(),
      async () => {
        proxy.cut({ refuse: true });
        await delay(random.below(LONGEST_BREAK_MS));
        proxy.restore();
      },
      () => void proxy.stall(),
      () => proxy.slow(1 + random.below(MOST_DELAY_MS)),
      () => proxy.restore(),
    ];
    return {
      source,
      url: `${proxy.url}/${source.database}`,
      async strike() {
        await random.of(ways)();
      },
      calm: () => proxy.restore(),
      async [Symbol.asyncDispose]() {
        await proxy[Symbol.asyncDispose]();
        await source[Symbol.asyncDispose]();
      },
    };
  },
};
