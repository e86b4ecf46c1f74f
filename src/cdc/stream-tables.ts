import { type Checkpoint, includesCheckpoint } from '../model/checkpoint.js';
import type { TablePlan } from '../model/column-plan.js';
import { type ForeignKey, withDependents } from '../model/foreign-key.js';
import type { GtidFlavour } from '../model/gtid-set.js';
import type { StreamedTable } from '../source/binlog-protocol.js';

/** A table whose changes come by the stream. */
export interface LiveTable extends StreamedTable {
  /**
   * Its copy is under way: changes behind the copy's position are staged, and applied when the copy
   * is cut over.
   */
  readonly isBeingCopied: boolean;
}

/** What does not follow from other tables. */
type Member = Omit<LiveTable, 'referenced' | 'isRelated'>;

/** The tables of the stream, by name. A table gets a new number with every plan. */
export class StreamTables {
  private readonly byName = new Map<string, Member>();
  private keys: readonly ForeignKey[] | null = [];
  private lastId = 0;

  constructor(private readonly flavour: GtidFlavour) {}

  get all(): readonly LiveTable[] {
    return [...this.byName.values()].map((table) => this.connect(table));
  }

  /** Those among the tables by which the source changes rows without a word in the binlog. */
  get foreignKeys(): readonly ForeignKey[] {
    return this.keys ?? [];
  }

  /** Whether the source logs all that foreign keys do. */
  get logsCascades(): boolean {
    return this.keys === null;
  }

  useForeignKeys(keys: readonly ForeignKey[] | null): void {
    this.keys = keys;
  }

  /** Those for which the stream's position counts. */
  get names(): readonly string[] {
    return [...this.byName.values()]
      .filter(({ isBeingCopied }) => !isBeingCopied)
      .map(({ plan }) => plan.schema.name);
  }

  find(name: string): Member | undefined {
    return this.byName.get(name);
  }

  findById(id: number): Member | undefined {
    for (const table of this.byName.values()) if (table.id === id) return table;
    return undefined;
  }

  /** The table is as the plan says, and its copy holds every transaction up to `after`. */
  add(plan: TablePlan, after: Checkpoint | null, isBeingCopied = false): void {
    this.lastId += 1;
    this.byName.set(plan.schema.name, { id: this.lastId, plan, after, isBeingCopied });
  }

  /** The copy is in its place. */
  copied(name: string): void {
    const table = this.byName.get(name);
    if (table !== undefined) this.byName.set(name, { ...table, isBeingCopied: false });
  }

  rename(from: string, to: string): void {
    const table = this.byName.get(from);
    if (table === undefined) return;
    this.byName.delete(from);
    const { plan } = table;
    this.add({ ...plan, schema: { ...plan.schema, name: to } }, table.after);
  }

  /**
   * Without its changes, those that depend on them can't be told of other tables: these go with it.
   * Resolves to the names of all that are gone.
   */
  remove(name: string): string[] {
    return withDependents([name], this.foreignKeys).filter((one) => this.byName.delete(one));
  }

  private connect(table: Member): LiveTable {
    const { name, columns } = table.plan.schema;
    const isOwn = (key: ForeignKey): boolean => key.parentTable === name;
    // The columns as the table had them when its plan was made, which may be before a key was.
    const referenced = this.foreignKeys
      .filter(isOwn)
      .flatMap((key) => key.columns.map(({ parent }) => parent.toLowerCase()));
    return {
      ...table,
      referenced: columns
        .map((column) => column.name)
        .filter((one) => referenced.includes(one.toLowerCase())),
      isRelated: this.foreignKeys.some((key) => isOwn(key) || key.childTable === name),
    };
  }

  /** Whether what happened at `position` is in the table's copy already. */
  isBefore(name: string, position: Checkpoint): boolean {
    const after = this.find(name)?.after ?? null;
    return after !== null && includesCheckpoint(after, position, this.flavour);
  }
}
