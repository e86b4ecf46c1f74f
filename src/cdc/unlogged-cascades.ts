import { DucktailError } from '../common/errors.js';
import { withDependents } from '../model/foreign-key.js';
import type { ParentRows } from '../source/binlog-protocol.js';
import type { CascadeCounts } from './cascades.js';
import type { CdcContext } from './context.js';
import type { StreamTables } from './stream-tables.js';

/**
 * What foreign keys do at the source without a word in the binlog is done in the replica, at the
 * same place among the changes.
 */
export class UnloggedCascades {
  constructor(
    private readonly context: CdcContext,
    private readonly tables: StreamTables,
    /** Takes a table out of the stream until it was copied again. */
    private readonly leaveOut: (table: string, reason: string) => void,
  ) {}

  /** Applies what is staged, and then the consequences of the last rows of one table. */
  async carryOut(rows: ParentRows): Promise<void> {
    const { applier } = this.context;
    const parent = this.tables.findById(rows.table);
    if (parent === undefined) {
      // It was left out meanwhile, and what depends on it with it.
      await applier.portion();
      return;
    }
    const { name } = parent.plan.schema;
    const children = this.childrenToChange(name, rows.ahead);
    const keys = this.tables.foreignKeys.filter(({ childTable }) => children.has(childTable));
    const counts = await applier.cascade(rows, keys);
    for (const [child, { staleColumns }] of counts) this.noteStale(child, staleColumns);
  }

  /** A table that is ahead of the stream has its share already. */
  private childrenToChange(parent: string, ahead: readonly number[]): Set<string> {
    const { foreignKeys } = this.tables;
    const own = foreignKeys.filter(({ parentTable }) => parentTable === parent);
    const children = own.map(({ childTable }) => childTable);
    const found = new Set<string>();
    for (const child of withDependents(children, foreignKeys)) {
      const table = this.tables.find(child);
      if (table === undefined || ahead.includes(table.id)) continue;
      if (table.isBeingCopied) throw copiedTooEarly(child, parent);
      found.add(child);
    }
    return found;
  }

  private noteStale(child: string, columns: CascadeCounts['staleColumns']): void {
    if (columns.size === 0) return;
    const names = [...columns].join(', ');
    this.leaveOut(child, `a foreign key changed rows whose ${names} only the source can tell`);
  }
}

/**
 * Which rows of its copy the change concerns shows only when it is complete: the stream has to stop
 * here until then. It does with the next attempt, which begins with the copies that are missing.
 */
function copiedTooEarly(child: string, parent: string): DucktailError {
  return new DucktailError(
    'table-changed',
    `${child} was copied while rows of ${parent}, on which its own depend, were changed`,
    { table: child, hint: 'It is copied again before the stream goes on.' },
  );
}
