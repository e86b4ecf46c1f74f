import { setTimeout as delay } from 'node:timers/promises';
import {
  type DifferingPart,
  differingParts,
  type Digest,
  type Digests,
  replicaDigests,
  sourceDigests,
} from '../compare/digests.js';
import { dividedTable, type Sides, tableDigests } from '../compare/narrow.js';
import type { Partition } from '../compare/partition.js';
import type { StreamedReplica, VerifyContext } from './verify-context.js';

/** Parts per statement when only some are read. */
const PARTS_PER_READING = 1_000;
/** Before the second reading of what differs; twice as long before each further one. */
const SETTLE_DELAY_MS = 50;
const SETTLE_READINGS = 5;
/** Beside a stream; what differs still is compared while that stands still. */
const STREAMED_READINGS = 2;

export interface ComparedRanges {
  readonly partition: Partition;
  readonly ranges: number;
  readonly sourceRows: number;
  readonly differing: readonly DifferingPart[];
  readonly settled: boolean;
}

/** Compares a table by the checksums of its ranges, each side in the database that has it. */
export async function compareRanges(sides: Sides, context: VerifyContext): Promise<ComparedRanges> {
  const divided = await dividedTable(sides);
  const { partition } = divided;
  const { source, replica } = await tableDigests(sides, divided, context.sessions);
  const first = { source, replica };
  const { differing, settled } =
    context.stream === null
      ? await settle(sides, partition, first, context)
      : await settleBeside(context.stream, sides, partition, differingParts(source, replica));
  return {
    partition,
    ranges: new Set([...source.keys(), ...replica.keys()]).size,
    sourceRows: [...source.values()].reduce((sum, { rows }) => sum + rows, 0),
    differing,
    settled,
  };
}

/** Reads what differs again until the source gives the same answer twice. */
async function settle(
  sides: Sides,
  partition: Partition,
  first: { readonly source: Digests; readonly replica: Digests },
  { signal }: VerifyContext,
): Promise<{ differing: DifferingPart[]; settled: boolean }> {
  const source = new Map(first.source);
  let differing = differingParts(source, first.replica);
  for (let reading = 1; differing.length > 0; reading++) {
    if (reading > SETTLE_READINGS) return { differing, settled: false };
    await delay(SETTLE_DELAY_MS * 2 ** (reading - 1), undefined, { signal });
    const parts = differing.map(({ part }) => part);
    const again = await sourceDigestsOf(sides, partition, parts);
    const isSame = parts.every(
      (part) =>
        again.get(part)?.checksum === source.get(part)?.checksum &&
        again.get(part)?.rows === source.get(part)?.rows,
    );
    for (const part of parts) {
      const digest = again.get(part);
      if (digest === undefined) source.delete(part);
      else source.set(part, digest);
    }
    differing = differingParts(source, first.replica);
    if (isSame) break;
  }
  return { differing, settled: true };
}

/** Reads what differs again on both sides, the replica once it has all that was read of the source. */
async function settleBeside(
  stream: StreamedReplica,
  sides: Sides,
  partition: Partition,
  first: readonly DifferingPart[],
): Promise<{ differing: readonly DifferingPart[]; settled: boolean }> {
  let differing = first;
  for (let reading = 1; differing.length > 0 && reading <= STREAMED_READINGS; reading++) {
    const parts = differing.map(({ part }) => part);
    const source = await sourceDigestsOf(sides, partition, parts);
    await stream.caughtUp();
    differing = differingParts(source, await replicaDigestsOf(sides, partition, parts));
  }
  return { differing, settled: true };
}

async function replicaDigestsOf(
  { replica, table }: Sides,
  partition: Partition,
  parts: readonly string[],
): Promise<Digests> {
  const digests = new Map<string, Digest>();
  for (const some of groups(parts)) {
    const condition = partition.condition(some).replica;
    for (const [part, digest] of await replicaDigests(replica, table, partition, condition)) {
      digests.set(part, digest);
    }
  }
  return digests;
}

async function sourceDigestsOf(
  { session, table }: Sides,
  partition: Partition,
  parts: readonly string[],
): Promise<Digests> {
  const digests = new Map<string, Digest>();
  for (const some of groups(parts)) {
    const { source } = partition.condition(some);
    for (const [part, digest] of await sourceDigests(session, table, partition, source)) {
      digests.set(part, digest);
    }
  }
  return digests;
}

/** Compares some parts once more, on both sides. */
export async function compareAgain(
  sides: Sides,
  partition: Partition,
  parts: readonly string[],
): Promise<DifferingPart[]> {
  const { session, replica, table } = sides;
  const differing: DifferingPart[] = [];
  for (const some of groups(parts)) {
    const condition = partition.condition(some);
    const [here, there] = await Promise.all([
      sourceDigests(session, table, partition, condition.source),
      replicaDigests(replica, table, partition, condition.replica),
    ]);
    differing.push(...differingParts(here, there));
  }
  return differing;
}

function groups(parts: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(parts.length / PARTS_PER_READING) }, (_, at) =>
    parts.slice(at * PARTS_PER_READING, (at + 1) * PARTS_PER_READING),
  );
}
