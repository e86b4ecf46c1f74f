import { errorMessage } from '../../common/errors.js';
import type { StreamedTable } from '../binlog-protocol.js';
import type { InterpreterHost, OpenTransaction } from './interpreter-host.js';
import type { RawEvent } from './raw-event.js';
import { heedsForeignKeys, isDeleteEvent } from './rows-event.js';
import type { StreamPosition } from './stream-position.js';
import { isSkipped, StreamedTables, type TableState } from './streamed-tables.js';
import { type TableMap, TableMapCache } from './table-map.js';
import { describeMismatch } from './table-mismatch.js';

/** The table of rows events that have no rows, to end a statement. */
const DUMMY_TABLE = 0xff_ffff;
const NONE: readonly number[] = [];

/** Takes the rows of the tables that are wanted, where they fit. */
export class RowEvents {
  private readonly maps: TableMapCache;
  private streamed: StreamedTables;

  constructor(
    private readonly host: InterpreterHost,
    private readonly position: StreamPosition,
    tables: readonly StreamedTable[],
  ) {
    this.maps = new TableMapCache(host.flavour === 'mariadb');
    this.streamed = new StreamedTables(tables, host.flavour, null);
  }

  get tables(): readonly StreamedTable[] {
    return this.streamed.tables;
  }

  useTables(tables: readonly StreamedTable[]): void {
    this.streamed = new StreamedTables(tables, this.host.flavour, this.streamed);
    this.host.gatherer.retain(tables);
  }

  readTableMap(event: RawEvent, transaction: OpenTransaction | null): void {
    const map = this.maps.read(event);
    if (transaction === null || transaction.xid === null) return;
    if (this.streamed.find(map) !== null) this.host.gatherer.park(event);
  }

  /** Rows of the transaction's event of this number. */
  read(event: RawEvent, index: number, transaction: OpenTransaction): void {
    const id = event.tableId;
    const map = this.maps.get(id);
    if (map === undefined) {
      if (id === DUMMY_TABLE) return;
      throw new Error(`rows of table ${id}, which was not described`);
    }
    const state = this.streamed.find(map);
    if (state === null || state.isMuted) return;
    if (transaction.xid === null) {
      if (isSkipped(state, transaction.gtid, this.position)) return;
      const reason = this.mismatch(state, map);
      if (reason !== null) {
        const copy = event.copy();
        this.mute(state, reason, () => {
          this.read(copy, index, transaction);
        });
        return;
      }
    }
    transaction.lastRows = index;
    if (transaction.xid === null) this.gather(state, map, event, transaction);
    else this.host.gatherer.park(event);
    this.host.handOver.noteRows();
  }

  private mismatch(state: TableState, map: TableMap): string | null {
    if (state.fitting === map) return null;
    const reason = describeMismatch(state.table.plan, map, this.host.charsets);
    if (reason === null) state.fitting = map;
    return reason;
  }

  private gather(
    state: TableState,
    map: TableMap,
    event: RawEvent,
    { gtid }: OpenTransaction,
  ): void {
    const { gatherer, handOver } = this.host;
    const { table } = state;
    const isParent = table.referenced.length > 0 && heedsForeignKeys(event);
    const isDeletes = isDeleteEvent(event);
    const ahead = isParent ? this.streamed.ahead(gtid, this.position) : NONE;
    if (table.isRelated) {
      handOver.beforeRelatedRows(isParent && isDeletes ? table.id : null, ahead);
    }
    const fromSeq = gatherer.upcomingSeq;
    try {
      const concernsOthers = gatherer.add(table, map, event);
      if (concernsOthers) handOver.noteParentRows({ table: table.id, fromSeq, ahead }, isDeletes);
    } catch (error) {
      this.mute(state, errorMessage(error), () => undefined);
    }
  }

  /** Leaves the table's rows out, and asks what to do; `retry` goes on. */
  private mute(state: TableState, reason: string, retry: () => void): void {
    state.isMuted = true;
    this.host.gatherer.flush();
    this.host.insertSteps([retry]);
    this.host.hold({ kind: 'mismatch', table: state.table.id, reason });
  }
}
