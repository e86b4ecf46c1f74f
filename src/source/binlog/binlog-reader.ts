import type { MessagePort } from 'node:worker_threads';
import { DucktailError, serializeError } from '../../common/errors.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import { type GtidFlavour, parseGtidSet } from '../../model/gtid-set.js';
import type {
  BinlogMessage,
  BinlogRequest,
  BinlogTask,
  StreamedTable,
} from '../binlog-protocol.js';
import { openSession, type SourceSession } from '../connect.js';
import { BatchHandOver } from './batch-hand-over.js';
import { ChangeGatherer } from './change-gatherer.js';
import { CharacterSets } from './character-sets.js';
import { requireSameFile } from './file-probe.js';
import { EventInterpreter } from './event-interpreter.js';
import type { InterpreterHost } from './interpreter-host.js';
import type { RawEvent } from './raw-event.js';
import { ReplicationSession, type SessionOptions } from './replication-session.js';
import { StreamPosition } from './stream-position.js';
import { TransactionPayloads } from './transaction-payload.js';
import type { VoidEvents } from './void-events.js';

const HEARTBEAT_MS = 5000;

/**
 * The binlog thread: reads the source's binlog from a checkpoint on, and hands whole transactions to
 * the applying thread, until it is told to close.
 */
export async function runBinlogReader(task: BinlogTask): Promise<void> {
  const { port } = task;
  try {
    const source = await readSource(task);
    await new BinlogReader(task, source).serve();
  } catch (error) {
    port.postMessage({ kind: 'failed', error: serializeError(error) } satisfies BinlogMessage);
  } finally {
    port.close();
  }
}

/** What must be known of the source before its binlog is read. */
interface Source {
  readonly flavour: GtidFlavour;
  /** Off: the stream starts by file and position, and has no set. */
  readonly hasGtids: boolean;
  readonly charsets: CharacterSets;
  readonly payloads: TransactionPayloads;
}

async function readSource({ endpoint, from, tables }: BinlogTask): Promise<Source> {
  await using session = await openSession(endpoint);
  const charsets = await CharacterSets.read(session);
  await charsets.prepare(
    session,
    tables.map(({ plan }) => plan),
  );
  return {
    flavour: session.isMariaDb ? 'mariadb' : 'mysql',
    hasGtids: session.isMariaDb || (await hasGtids(session, from)),
    charsets,
    payloads: await TransactionPayloads.open(),
  };
}

/**
 * Whether MySQL has GTIDs on. That it lacks some of the replica's transactions it notices itself only
 * where it wrote them: after a failover, or restored, it would pass over what others write later.
 */
async function hasGtids(session: SourceSession, { gtidSet }: Checkpoint): Promise<boolean> {
  const ours = parseGtidSet(gtidSet ?? '', 'mysql').toString();
  const [{ mode, missing }] = await session.query<{ mode: string; missing: string }>(
    `SELECT @@GLOBAL.gtid_mode AS mode,
            GTID_SUBTRACT('${ours}', @@GLOBAL.gtid_executed) AS missing`,
  );
  if (mode !== 'ON') return false;
  if (missing === '') return true;
  throw new DucktailError(
    'history-lost',
    `the source has never seen transactions that the replica has: ${missing}`,
    { hint: 'It was reset or restored, or is another server. The tables have to be copied again.' },
  );
}

class BinlogReader {
  private readonly port: MessagePort;
  private readonly host: InterpreterHost;
  private session: ReplicationSession | null = null;
  private interpreter: EventInterpreter;
  /** Found in transactions since the last commit. */
  private voids: VoidEvents[] = [];
  /** What stands before the next event of the stream, from `nextStep` on. */
  private steps: (() => void)[] = [];
  private nextStep = 0;
  private isHeld = false;
  private lastAnswer: Promise<void> = Promise.resolve();
  private isConnected = false;
  private isClosed = false;
  private readonly closing = new AbortController();
  private reject: (error: Error) => void = () => undefined;

  constructor(
    private readonly task: BinlogTask,
    private readonly source: Source,
  ) {
    this.port = task.port;
    const { flavour, hasGtids, charsets, payloads } = source;
    const post = this.post.bind(this);
    const gatherer = new ChangeGatherer(charsets, task.limits.batchRows, post);
    const handOver = new BatchHandOver(
      task.from,
      task.limits,
      gatherer,
      () => ({
        checkpoint: this.interpreter.position.checkpoint,
        sourceTimeMs: this.interpreter.sourceTimeMs,
      }),
      post,
    );
    this.host = {
      post,
      flavour,
      hasGtids,
      charsets,
      payloads,
      gatherer,
      handOver,
      hold: (message) => {
        this.isHeld = true;
        post(message);
      },
      insertSteps: (steps) => {
        this.steps = [...steps, ...this.steps.slice(this.nextStep)];
        this.nextStep = 0;
      },
      appendStep: (step) => {
        this.steps.push(step);
      },
      readAgain: (events) => {
        this.readAgain(events).catch(this.reject);
      },
    };
    this.interpreter = this.startInterpreter(task.tables);
  }

  /** Resolves when the reader was closed; rejects when its session is at its end. */
  async serve(): Promise<void> {
    let begun: Promise<void> | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.reject = reject;
        this.port.on('message', (request: BinlogRequest) => {
          if (request.kind === 'close') resolve();
          else this.answerInTurn(request).catch(reject);
        });
        this.port.on('close', resolve);
        begun = this.begin().catch(reject);
      });
    } finally {
      this.isClosed = true;
      this.closing.abort();
      await begun;
      this.host.handOver.close();
      await this.session?.[Symbol.asyncDispose]();
    }
  }

  private startInterpreter(tables: readonly StreamedTable[]): EventInterpreter {
    const position = new StreamPosition(this.start, this.source.flavour);
    return new EventInterpreter(this.host, position, tables, this.voids);
  }

  private get start(): Checkpoint {
    const { committed } = this.host.handOver;
    return this.source.hasGtids ? committed : { ...committed, gtidSet: null };
  }

  private async begin(): Promise<void> {
    await requireSameFile(this.sessionOptions, this.closing.signal);
    if (!this.isClosed) this.startSession();
  }

  private get sessionOptions(): SessionOptions {
    const { endpoint, serverId } = this.task;
    return { endpoint, serverId, from: this.start, heartbeatMs: HEARTBEAT_MS };
  }

  private startSession(): void {
    this.session = new ReplicationSession(this.sessionOptions, {
      onEvent: (event) => {
        this.take(event);
      },
      onError: (error) => {
        this.reject(error);
      },
    });
  }

  private take(event: RawEvent): void {
    if (!this.isConnected) {
      this.isConnected = true;
      this.post({ kind: 'connected' });
    }
    this.host.handOver.noteEvent();
    this.interpreter.read(event);
    if (this.nextStep < this.steps.length) this.takeSteps();
    if (this.isStopped) this.session?.pause();
  }

  /** Nothing may be read: an answer is awaited, or the applier has too much to do. */
  private get isStopped(): boolean {
    return this.isHeld || this.host.handOver.isFull;
  }

  private takeSteps(): void {
    while (!this.isStopped && this.nextStep < this.steps.length) {
      this.host.handOver.noteEvent();
      this.steps[this.nextStep++]();
    }
  }

  /** The only place that resumes, and never called by an event. */
  private goOn(): void {
    this.takeSteps();
    if (!this.isStopped) this.session?.resume();
  }

  /** Some answers take a while: later ones wait for them. */
  private answerInTurn(request: Exclude<BinlogRequest, { kind: 'close' }>): Promise<void> {
    this.lastAnswer = this.lastAnswer.then(() => this.answer(request));
    return this.lastAnswer;
  }

  private async answer(request: Exclude<BinlogRequest, { kind: 'close' }>): Promise<void> {
    const { host, interpreter } = this;
    switch (request.kind) {
      case 'applied':
        host.handOver.applied();
        break;
      case 'resume':
        await this.prepare(request.tables);
        this.interpreter.useTables(request.tables);
        this.isHeld = false;
        break;
      case 'hold':
        interpreter.holdNext({ at: request.at });
        break;
      case 'replay':
        interpreter.replay(request.events);
        this.isHeld = false;
        break;
      case 'recycle':
        host.gatherer.recycle(request.fixed, request.heap);
        return;
    }
    this.goOn();
  }

  /** New tables may have text in character sets that were not needed so far. */
  private async prepare(tables: readonly StreamedTable[]): Promise<void> {
    const known = new Set(this.interpreter.tables.map(({ id }) => id));
    const added = tables.filter(({ id }) => !known.has(id)).map(({ plan }) => plan);
    if (added.length === 0) return;
    await using session = await openSession(this.task.endpoint);
    await this.source.charsets.prepare(session, added);
  }

  /**
   * Starts over from the last commit in a new session. Rare: MariaDB logs what a transaction rolled
   * back where it made a temporary table, and a crashed source leaves half a transaction.
   */
  private async readAgain(events: VoidEvents): Promise<void> {
    const { session } = this;
    this.session = null;
    this.steps = [];
    this.nextStep = 0;
    this.host.handOver.clear();
    this.post({ kind: 'rollback' });
    this.voids.push(events);
    const { tables, wantedHold } = this.interpreter;
    this.interpreter = this.startInterpreter(tables);
    if (wantedHold !== null) this.interpreter.holdNext(wantedHold);
    await session?.[Symbol.asyncDispose]();
    if (!this.isClosed) this.startSession();
  }

  private post(message: BinlogMessage, transfer: readonly ArrayBuffer[] = []): void {
    if (message.kind === 'commit') this.voids = [];
    this.port.postMessage(message, transfer);
  }
}
