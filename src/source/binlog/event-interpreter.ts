import { DucktailError } from '../../common/errors.js';
import type { StreamedTable } from '../binlog-protocol.js';
import {
  isBegin,
  isOnePhase,
  type Opening,
  parseGtidList,
  parsePreviousGtids,
  parseRotate,
  parseStatement,
  parseTransactionStart,
  PLAIN,
  type Statement,
  type TransactionStart,
} from './control-events.js';
import { EventType } from './event-types.js';
import type { InterpreterHost, OpenTransaction, WantedHold } from './interpreter-host.js';
import { RawEvent } from './raw-event.js';
import { RowEvents } from './row-events.js';
import { isRowsEvent } from './rows-event.js';
import { classifyStatement } from './statements.js';
import type { StreamPosition } from './stream-position.js';
import { UuidReader } from './uuid.js';
import { isVoid, type VoidEvents } from './void-events.js';

const NO_START: TransactionStart = { gtid: null, commitTimeMs: null, opens: null };

/** Follows the binlog's transactions, event by event: one per session. */
export class EventInterpreter {
  sourceTimeMs: number | null = null;
  private readonly rows: RowEvents;
  private readonly uuids = new UuidReader();
  private start = NO_START;
  /** Where the transaction's first event ends. */
  private startFile = '';
  private startPosition = 0;
  private transaction: OpenTransaction | null = null;
  /** Asked for, and not told yet. */
  wantedHold: WantedHold | null = null;
  private isHoldDue = false;
  /** When the XA transaction was committed whose events come now. */
  private preparedMs = 0;

  constructor(
    private readonly host: InterpreterHost,
    readonly position: StreamPosition,
    tables: readonly StreamedTable[],
    private readonly voids: readonly VoidEvents[],
  ) {
    this.rows = new RowEvents(host, position, tables);
  }

  get tables(): readonly StreamedTable[] {
    return this.rows.tables;
  }

  /** An event of the stream, of use during the call only. */
  read(event: RawEvent): void {
    if (!event.isArtificial) this.position.see(event.logEnd);
    this.interpret(event);
    this.holdIfDue();
  }

  useTables(tables: readonly StreamedTable[]): void {
    this.rows.useTables(tables);
  }

  /** Holds the stream where no transaction is open: now, or at the first such place that is wanted. */
  holdNext(wanted: WantedHold): void {
    this.wantedHold = wanted;
    this.holdIfDue();
  }

  private holdIfDue(): void {
    const { wantedHold } = this;
    if (wantedHold === null || this.isHoldDue || this.transaction !== null) return;
    const { at } = wantedHold;
    if (at !== null && !this.position.includes(at)) return;
    this.isHoldDue = true;
    this.host.appendStep(() => {
      this.isHoldDue = false;
      this.wantedHold = null;
      this.host.handOver.commitNow();
      this.host.hold({ kind: 'held' });
    });
  }

  /** The events of an XA transaction, which come to effect in the one that is open. */
  replay(events: readonly Uint8Array[]): void {
    this.host.insertSteps([
      ...events.map((event) => () => {
        this.interpret(RawEvent.of(event));
      }),
      () => {
        this.commit(this.preparedMs);
      },
    ]);
  }

  private interpret(event: RawEvent): void {
    const { type } = event;
    if (this.transaction !== null) this.transaction.events += 1;
    if (isRowsEvent(type)) {
      this.readRows(event);
      return;
    }
    switch (type) {
      case EventType.TABLE_MAP:
        this.rows.readTableMap(event, this.transaction);
        break;
      case EventType.GTID:
      case EventType.ANONYMOUS_GTID:
      case EventType.GTID_TAGGED:
      case EventType.MARIADB_GTID:
        this.beginGroup(parseTransactionStart(event, this.uuids));
        break;
      case EventType.QUERY:
        if (isBegin(event)) this.open(PLAIN);
        else this.readStatement(parseStatement(event.toBuffer()), event);
        break;
      case EventType.QUERY_COMPRESSED:
      case EventType.EXECUTE_LOAD_QUERY:
        this.readStatement(parseStatement(event.toBuffer()), event);
        break;
      case EventType.XID:
        this.commit(event.timeMs);
        break;
      case EventType.XA_PREPARE:
        this.prepare(event);
        break;
      case EventType.TRANSACTION_PAYLOAD:
        this.openPayload(event);
        break;
      default:
        this.readBetween(event, type);
    }
  }

  /** What comes between transactions. */
  private readBetween(event: RawEvent, type: number): void {
    const { position } = this;
    switch (type) {
      case EventType.ROTATE:
        if (!event.isArtificial) this.cut();
        position.startFile(parseRotate(event.toBuffer()), !event.isArtificial);
        break;
      case EventType.FORMAT_DESCRIPTION:
        this.cut();
        position.describeFile(event.timeMs);
        break;
      case EventType.PREVIOUS_GTIDS:
        if (this.host.hasGtids) position.adopt(parsePreviousGtids(event.toBuffer()));
        position.markBoundary();
        break;
      case EventType.MARIADB_GTID_LIST:
        position.adopt(parseGtidList(event.toBuffer()));
        if (this.transaction === null && !event.isArtificial) position.markBoundary();
        break;
      case EventType.BINLOG_CHECKPOINT:
      case EventType.STOP:
        if (this.transaction === null) position.markBoundary();
        break;
      case EventType.HEARTBEAT:
      case EventType.HEARTBEAT_V2:
        this.host.handOver.keepAlive();
        break;
      case EventType.INCIDENT:
        throw new DucktailError(
          'history-lost',
          'the source tells of changes that it failed to log',
        );
      default:
      // Nothing that a replica needs: the text of statements, variables, annotations.
    }
  }

  private beginGroup(start: TransactionStart): void {
    this.cut();
    this.startFile = this.position.file;
    this.startPosition = this.position.seen;
    this.start = start;
    if (start.opens !== null) this.open(start.opens);
  }

  private get startKey(): string {
    return `${this.startFile}:${this.startPosition}`;
  }

  private open({ xid }: Opening, events = 0): void {
    const { gtid } = this.start;
    this.transaction = {
      gtid,
      xid,
      events,
      lastRows: -1,
      savepoints: null,
      statements: null,
    };
    if (xid !== null) this.host.gatherer.beginPark(xid);
    this.host.handOver.begin();
  }

  private readStatement(statement: Statement, event: RawEvent): void {
    const kind = classifyStatement(statement.text);
    const { transaction } = this;
    switch (kind.kind) {
      case 'begin':
        this.open(PLAIN);
        break;
      case 'xa-start':
        this.open({ xid: kind.xid });
        break;
      case 'commit':
        this.commit(event.timeMs);
        break;
      case 'rollback':
        if (!this.isVoided(0)) this.commit(event.timeMs);
        break;
      case 'savepoint':
        if (transaction === null) break;
        transaction.savepoints ??= new Map();
        transaction.savepoints.set(kind.name, transaction.events);
        break;
      case 'rollback-to':
        this.isVoided(transaction?.savepoints?.get(kind.name) ?? 0);
        break;
      case 'xa-commit':
        this.commitPrepared(kind.xid, event.timeMs);
        break;
      case 'xa-rollback':
        this.host.post({ kind: 'unpark', xid: kind.xid });
        this.commit(event.timeMs);
        break;
      case 'nothing':
        break;
      case 'other':
        if (transaction === null) this.tellStatement(statement);
        else (transaction.statements ??= []).push(statement);
    }
  }

  /** A statement outside of transactions is a transaction of its own. */
  private tellStatement(statement: Statement): void {
    this.host.handOver.commitNow();
    this.position.commit(this.start.gtid);
    this.start = NO_START;
    this.holdStatement(statement);
  }

  private holdStatement({ text, database }: Statement): void {
    const { checkpoint } = this.position;
    this.host.handOver.committed = checkpoint;
    this.host.hold({ kind: 'schema-event', statement: text, database, checkpoint });
  }

  private commit(timeMs: number): void {
    const { handOver } = this.host;
    const statements = this.transaction?.statements ?? null;
    this.position.commit(this.start.gtid);
    this.sourceTimeMs = this.start.commitTimeMs ?? timeMs;
    this.transaction = null;
    this.start = NO_START;
    handOver.end();
    if (statements !== null) {
      // Its rows are committed with the first statement: after a crash both come again.
      handOver.leaveToStatement();
      this.host.insertSteps(
        statements.map((statement) => () => {
          this.holdStatement(statement);
        }),
      );
    }
    this.holdIfDue();
  }

  private prepare(event: RawEvent): void {
    const { gatherer } = this.host;
    const xid = this.transaction?.xid ?? null;
    if (xid !== null && isOnePhase(event.toBuffer())) {
      const events = gatherer.takeParked();
      this.preparedMs = event.timeMs;
      this.open(PLAIN, this.transaction!.events);
      if (events !== null) this.replay(events);
      else this.holdPrepared(xid);
      return;
    }
    if (xid !== null) gatherer.endPark();
    this.commit(event.timeMs);
  }

  private commitPrepared(xid: string, timeMs: number): void {
    this.preparedMs = timeMs;
    this.host.handOver.commitNow();
    this.open(PLAIN);
    this.holdPrepared(xid);
  }

  private holdPrepared(xid: string): void {
    this.host.gatherer.flush();
    this.host.hold({ kind: 'xa-commit', xid });
  }

  private openPayload(event: RawEvent): void {
    this.host.insertSteps(
      this.host.payloads.unpack(event.toBuffer()).map((inner) => () => {
        this.interpret(inner);
      }),
    );
  }

  /** The file ends, or another transaction begins, within a transaction: it never was committed. */
  private cut(): void {
    if (this.transaction === null || this.isVoided(0)) return;
    this.transaction = null;
    this.start = NO_START;
    this.host.handOver.drop();
    this.holdIfDue();
  }

  /** Whether rows were gathered from this event of the transaction on, which don't count. */
  private isVoided(first: number): boolean {
    const { transaction } = this;
    if (transaction === null || transaction.lastRows < first) return false;
    this.host.readAgain({ transaction: this.startKey, first, end: transaction.events });
    return true;
  }

  private readRows(event: RawEvent): void {
    const { transaction } = this;
    if (transaction === null) throw new Error('rows outside of a transaction');
    const index = transaction.events - 1;
    if (this.voids.length > 0 && isVoid(this.voids, this.startKey, index)) return;
    this.rows.read(event, index, transaction);
  }
}
