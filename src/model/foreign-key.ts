/** A foreign key of a replicated table, as the source's server has it. Plain data. */
export interface ForeignKey {
  readonly name: string;
  readonly childTable: string;
  readonly parentDatabase: string;
  readonly parentTable: string;
  /** In the key's order; never empty. */
  readonly columns: readonly ForeignKeyColumn[];
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
  /**
   * The child's VIRTUAL generated columns that are made of the key's columns: they change with them,
   * to values that only the server can tell.
   */
  readonly derivedColumns: readonly string[];
}

export interface ForeignKeyColumn {
  readonly child: string;
  readonly parent: string;
  /** By which the server compares texts; null for what has none. */
  readonly collation: string | null;
}

/** What the server does to child rows; null: it refuses to leave them without their parent. */
export type ReferentialAction = 'cascade' | 'set-null' | null;

export function hasAction({ onDelete, onUpdate }: ForeignKey): boolean {
  return onDelete !== null || onUpdate !== null;
}

/** The tables, and those whose rows change with theirs by the foreign keys, and so on. */
export function withDependents(
  tables: Iterable<string>,
  foreignKeys: readonly ForeignKey[],
): string[] {
  const found = new Set(tables);
  // A set's iteration comes to what is added meanwhile.
  for (const parent of found) {
    for (const key of foreignKeys) if (key.parentTable === parent) found.add(key.childTable);
  }
  return [...found];
}

/** `orders.fk_customer (ON DELETE CASCADE, ON UPDATE SET NULL)`. */
export function describeForeignKey(key: ForeignKey): string {
  const actions = [
    ...(key.onDelete === null ? [] : [`ON DELETE ${ACTION_WORDS[key.onDelete]}`]),
    ...(key.onUpdate === null ? [] : [`ON UPDATE ${ACTION_WORDS[key.onUpdate]}`]),
  ];
  return `${key.childTable}.${key.name} (${actions.join(', ')})`;
}

const ACTION_WORDS: Record<Exclude<ReferentialAction, null>, string> = {
  cascade: 'CASCADE',
  'set-null': 'SET NULL',
};
