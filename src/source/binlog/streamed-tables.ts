import { type Gtid, type GtidFlavour, type GtidSet, parseGtidSet } from '../../model/gtid-set.js';
import type { StreamedTable } from '../binlog-protocol.js';
import type { StreamPosition } from './stream-position.js';
import type { TableMap } from './table-map.js';

/** A table whose rows are wanted, and what is known of it so far. */
export interface TableState {
  readonly table: StreamedTable;
  /** Transactions in here are skipped; null once all of them have passed. */
  after: {
    readonly gtids: GtidSet | null;
    readonly file: string;
    readonly position: number;
  } | null;
  /** The last description that was found to fit the plan. */
  fitting: TableMap | null;
  /** A description did not fit, or rows did not: they are left out until another plan comes. */
  isMuted: boolean;
}

/** Finds the tables of the task by what the stream calls them. */
export class StreamedTables {
  private readonly byName = new Map<string, TableState>();
  private readonly byMap = new Map<TableMap, TableState | null>();

  constructor(
    readonly tables: readonly StreamedTable[],
    flavour: GtidFlavour,
    known: StreamedTables | null,
  ) {
    const states = new Map(known?.states.map((state) => [state.table.id, state]));
    for (const table of tables) {
      const { database, name } = table.plan.schema;
      const known = states.get(table.id);
      this.byName.set(
        nameKey(database, name),
        known === undefined ? openState(table, flavour) : { ...known, table },
      );
    }
  }

  /** The table that the description is of; null for one that nobody asked for. */
  find(map: TableMap): TableState | null {
    let state = this.byMap.get(map);
    if (state === undefined) {
      state = this.byName.get(nameKey(map.database, map.name)) ?? null;
      this.byMap.set(map, state);
    }
    return state;
  }

  /** The tables that have the rows of this transaction already. */
  ahead(gtid: Gtid | null, position: StreamPosition): number[] {
    const ids: number[] = [];
    for (const state of this.byName.values()) {
      if (isSkipped(state, gtid, position)) ids.push(state.table.id);
    }
    return ids;
  }

  private get states(): TableState[] {
    return [...this.byName.values()];
  }
}

/** Whether the table has the rows of this transaction already. */
export function isSkipped(state: TableState, gtid: Gtid | null, position: StreamPosition): boolean {
  const { after } = state;
  if (after === null) return false;
  if (after.gtids !== null && gtid !== null) {
    if (after.gtids.contains(gtid)) return true;
    if (position.hasAll(after.gtids)) state.after = null;
    return false;
  }
  if (position.isUpTo(after)) return true;
  state.after = null;
  return false;
}

function openState(table: StreamedTable, flavour: GtidFlavour): TableState {
  const { after } = table;
  if (after === null) return { table, after: null, fitting: null, isMuted: false };
  const gtids = after.gtidSet === null ? null : parseGtidSet(after.gtidSet, flavour);
  const { file, position } = after;
  return { table, after: { gtids, file, position }, fitting: null, isMuted: false };
}

/** No name holds a NUL. */
function nameKey(database: string, table: string): string {
  return `${database}\0${table}`;
}
