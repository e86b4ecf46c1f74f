import type { Checkpoint } from '../../model/checkpoint.js';
import type { Gtid, GtidFlavour } from '../../model/gtid-set.js';
import type { BinlogMessage } from '../binlog-protocol.js';
import type { BatchHandOver } from './batch-hand-over.js';
import type { ChangeGatherer, Post } from './change-gatherer.js';
import type { CharacterSets } from './character-sets.js';
import type { Statement } from './control-events.js';
import type { TransactionPayloads } from './transaction-payload.js';
import type { VoidEvents } from './void-events.js';

/** A stop of the stream, at once or as soon as everything up to `at` has come. */
export interface WantedHold {
  readonly at: Checkpoint | null;
}

/** What the interpreter needs of whoever feeds it. */
export interface InterpreterHost {
  readonly post: Post;
  readonly flavour: GtidFlavour;
  readonly hasGtids: boolean;
  readonly charsets: CharacterSets;
  readonly payloads: TransactionPayloads;
  readonly gatherer: ChangeGatherer;
  readonly handOver: BatchHandOver;
  /** Posts the message; no event or step comes before its answer. */
  hold(message: BinlogMessage): void;
  /** Steps to take before anything else, in this order. */
  insertSteps(steps: readonly (() => void)[]): void;
  /** A step to take behind those that wait, before the next event. */
  appendStep(step: () => void): void;
  /** Rows that were gathered are void: read again from the last commit, without them. */
  readAgain(events: VoidEvents): void;
}

/** A transaction of which more is to come. */
export interface OpenTransaction {
  readonly gtid: Gtid | null;
  /** Of an XA transaction that is being prepared. */
  readonly xid: string | null;
  /** Events so far. */
  events: number;
  /** The last of them whose rows were gathered; -1: none. */
  lastRows: number;
  /** The events before each of them; null: there are none. */
  savepoints: Map<string, number> | null;
  /** Statements other than transaction keywords, to be told at the end; null: there are none. */
  statements: Statement[] | null;
}
