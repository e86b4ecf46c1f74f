import assert from 'node:assert/strict';
import { type ColumnBatch, layoutBatch } from '../../../src/batch/column-batch.js';
import { CHANGE_DELETE, planChanges } from '../../../src/model/change-plan.js';
import type { Checkpoint } from '../../../src/model/checkpoint.js';
import { planTable } from '../../../src/model/column-plan.js';
import type { ChangeLimits, StreamedTable } from '../../../src/source/binlog-protocol.js';
import { BinlogStream, type StreamMessage } from '../../../src/source/binlog-stream.js';
import { readCatalog } from '../../../src/source/catalog.js';
import { openSession } from '../../../src/source/connect.js';
import { readBinlogEnd } from '../../../src/source/positions.js';
import { type Flavour, openTestServer, type TestServer } from '../../servers/test-server.js';
import { TestSource } from '../../helpers/test-source.js';
import { waitFor } from '../../helpers/wait-for.js';
import { endpointOf } from '../test-account.js';

const servers = new Map<Flavour, Promise<TestServer>>();

/** A database on a server that nobody else writes to, so that its binlog's end is the test's own. */
async function openQuietSource(flavour: Flavour): Promise<TestSource> {
  let server = servers.get(flavour);
  if (server === undefined) {
    server = openTestServer(flavour, { ignoreUrl: true });
    servers.set(flavour, server);
  }
  return TestSource.open(flavour, await server);
}

/** Such a database with the tables `t` and `u`. */
export async function openTables(flavour: Flavour): Promise<TestSource> {
  const source = await openQuietSource(flavour);
  await source.run(
    'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(40))',
    'CREATE TABLE u (id INT PRIMARY KEY, v VARCHAR(40))',
  );
  return source;
}

export async function binlogEnd(source: TestSource): Promise<Checkpoint> {
  await using session = await openSession(endpointOf(source.url));
  const end = await readBinlogEnd(session);
  assert.ok(end !== null);
  return end;
}

/** Has the binlog go on in another file. */
export async function rotateBinlog(source: TestSource): Promise<void> {
  await source.run('FLUSH BINARY LOGS');
  if (source.flavour === 'mysql') return;
  // A thread of MariaDB's writes into the new file when it needs the old ones no longer, a moment
  // later: that would move the end that a test has seen.
  const { file } = await binlogEnd(source);
  await waitFor(async () => {
    const events = await source.texts(`SHOW BINLOG EVENTS IN '${file}' LIMIT 100`);
    return events.some(([, , type, , , info]) => type === 'Binlog_checkpoint' && info === file);
  });
}

let lastId = 0;

/** A table of `(id INT PRIMARY KEY, v …)`, as it is now. */
export async function streamedTable(
  source: TestSource,
  name: string,
  after: Checkpoint | null = null,
): Promise<StreamedTable> {
  await using session = await openSession(endpointOf(source.url));
  const schema = (await readCatalog(session, source.database)).find((one) => one.name === name);
  assert.ok(schema);
  const types = { tinyint1As: 'boolean', timeAs: 'time', timestampAs: 'timestamp' } as const;
  lastId += 1;
  return { id: lastId, plan: planTable(schema, types), after, referenced: [], isRelated: false };
}

export interface TailOptions {
  readonly from: Checkpoint;
  readonly tables: readonly StreamedTable[];
  readonly limits?: Partial<ChangeLimits>;
  readonly serverId?: number;
  readonly url?: string;
}

const LIMITS: ChangeLimits = { batchMs: 200, batchRows: 10_000, batchBytes: 16 * 1024 * 1024 };

/** What one `commit` says, with what came before it. */
export interface Committed {
  /** `table +id value` and `table -id`, in the order of their sequence numbers. */
  readonly changes: readonly string[];
  readonly checkpoint: Checkpoint;
  readonly transactions: number;
  readonly rows: number;
  readonly portions: number;
  readonly sourceTimeMs: number | null;
}

type Told = Committed | Exclude<StreamMessage, { kind: 'commit' }>;

/** A stream, and an applier that writes down what it is told. */
export class Tail implements AsyncDisposable {
  private changes: [seq: number, text: string][] = [];
  private staged: string[] = [];
  private portions = 0;
  private pending: Promise<IteratorResult<StreamMessage>> | null = null;
  private readonly told: Told[] = [];
  readonly parked = new Map<string, Uint8Array[]>();

  private constructor(
    readonly stream: BinlogStream,
    private tables: readonly StreamedTable[],
  ) {}

  static async open(source: TestSource, options: TailOptions): Promise<Tail> {
    const { from, tables, limits } = options;
    const stream = await BinlogStream.open(
      {
        endpoint: endpointOf(options.url ?? source.url),
        serverId: options.serverId ?? 1 + Math.floor(Math.random() * 0x7fff_ffff),
        from,
        tables,
        limits: { ...LIMITS, ...limits },
      },
      new AbortController().signal,
    );
    return new Tail(stream, tables);
  }

  /** Takes what comes, tells nobody that it is applied, until nothing came for so long; then does. */
  async withoutApplying(quietMs: number): Promise<StreamMessage[]> {
    const held: StreamMessage[] = [];
    for (;;) {
      const quiet = new Promise<null>((resolve) => setTimeout(resolve, quietMs, null));
      const taken: IteratorResult<StreamMessage> | null = await Promise.race([
        (this.pending ??= this.stream.next()),
        quiet,
      ]);
      if (taken === null) break;
      this.pending = null;
      held.push(taken.value as StreamMessage);
    }
    for (const message of held) {
      const told = this.take(message);
      if (told !== null) this.told.push(told);
    }
    return held;
  }

  /** The next message that is no rows, park, portion or keepalive; acknowledged. */
  async next(): Promise<Told> {
    const before = this.told.shift();
    if (before !== undefined) return before;
    for (;;) {
      const pending: Promise<IteratorResult<StreamMessage>> = this.pending ?? this.stream.next();
      this.pending = null;
      const told = this.take((await pending).value as StreamMessage);
      if (told !== null) return told;
    }
  }

  private take(message: StreamMessage): Told | null {
    switch (message.kind) {
      case 'rows':
        this.stage(message.table, message.batch);
        return null;
      case 'park':
        this.parked.set(message.xid, [...(this.parked.get(message.xid) ?? []), ...message.events]);
        return null;
      case 'keepalive':
        return null;
      case 'portion':
      case 'cascades':
        this.apply();
        this.portions += 1;
        this.stream.applied();
        return null;
      case 'rollback':
        this.changes = [];
        this.staged = [];
        this.portions = 0;
        return message;
      case 'commit':
        return this.commit(message);
      default:
        return message;
    }
  }

  /** The next commit, of which there is to be one before anything else that matters. */
  async nextCommit(): Promise<Committed> {
    const message = await this.next();
    assert.ok(!('kind' in message), JSON.stringify(message));
    return message;
  }

  async expect<Kind extends StreamMessage['kind']>(
    kind: Kind,
  ): Promise<Extract<StreamMessage, { kind: Kind }>> {
    const message = await this.next();
    assert.ok('kind' in message && message.kind === kind, JSON.stringify(message));
    return message as Extract<StreamMessage, { kind: Kind }>;
  }

  /** Commits up to this position, as one. */
  async commitsTo(end: Checkpoint): Promise<string[]> {
    const changes: string[] = [];
    for (;;) {
      const committed = await this.nextCommit();
      changes.push(...committed.changes);
      const { file, position } = committed.checkpoint;
      if (file === end.file && position >= end.position) return changes;
    }
  }

  resume(tables: readonly StreamedTable[] = this.tables): void {
    this.tables = tables;
    this.stream.resume(tables);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stream[Symbol.asyncDispose]();
  }

  private commit(message: Extract<StreamMessage, { kind: 'commit' }>): Committed {
    this.apply();
    const { checkpoint, transactions, rows, sourceTimeMs } = message;
    const { staged: changes, portions } = this;
    this.staged = [];
    this.portions = 0;
    this.stream.applied();
    return { changes, checkpoint, transactions, rows, portions, sourceTimeMs };
  }

  private apply(): void {
    this.changes.sort(([a], [b]) => a - b);
    this.staged.push(...this.changes.map(([, text]) => text));
    this.changes = [];
  }

  private stage(id: number, batch: ColumnBatch): void {
    const table = this.tables.find((one) => one.id === id);
    assert.ok(table, `a table of the stream: ${id}`);
    const { columns } = planChanges(table.plan);
    const layout = layoutBatch(columns, batch.capacity);
    const view = new DataView(batch.fixed);
    const at = (column: number, row: number): number =>
      layout.columns[column].dataOffset + row * layout.columns[column].width;
    const [op, seq] = [columns.length - 2, columns.length - 1];
    for (let row = 0; row < batch.rows; row++) {
      const isDelete = view.getUint8(at(op, row)) === CHANGE_DELETE;
      const key = view.getInt32(at(0, row), true);
      const value = isDelete ? '' : ` ${textAt(batch, at(1, row))}`;
      this.changes.push([
        view.getUint32(at(seq, row), true),
        `${table.plan.schema.name} ${isDelete ? '-' : '+'}${key}${value}`,
      ]);
    }
    this.stream.recycle(batch);
  }
}

const INLINE_BYTES = 12;

function textAt({ fixed, heap }: ColumnBatch, at: number): string {
  const length = new DataView(fixed).getUint32(at, true);
  if (length <= INLINE_BYTES) return Buffer.from(fixed, at + 4, length).toString();
  const offset = Number(new DataView(fixed).getBigUint64(at + 8, true));
  return Buffer.from(heap, offset, length).toString();
}
