import type { TablePlan } from '../../src/model/column-plan.js';
import {
  ChangeApplier,
  type ChangeApplierOptions,
  type CommittedChanges,
  type CommitPosition,
} from '../../src/cdc/change-applier.js';
import { migrate } from '../../src/state/migrate.js';
import { recordSync } from '../../src/state/tables.js';
import type { Database, Row } from '../../src/target/database.js';
import { createTable } from '../../src/target/ddl.js';
import { type Change, ChangeBatches } from '../target/change-batches.js';
import { TempDatabase } from '../target/temp-database.js';

/** A position that tells one commit from another. */
export function positionOf(position: number): CommitPosition {
  return {
    checkpoint: { gtidSet: `uuid:1-${position}`, file: 'binlog.000001', position },
    sourceTimeMs: 1_700_000_000_000 + position,
  };
}

/** A replica whose tables an applier fills; ids are the tables' positions, from 1 on. */
export class AppliedReplica implements AsyncDisposable {
  private readonly batches: readonly ChangeBatches[];
  private commits = 0;

  private constructor(
    private readonly temp: TempDatabase,
    readonly applier: ChangeApplier,
    private readonly plans: readonly TablePlan[],
  ) {
    this.batches = plans.map((plan) => new ChangeBatches(plan));
  }

  static async open(
    plans: readonly TablePlan[],
    options: Partial<ChangeApplierOptions> = {},
  ): Promise<AppliedReplica> {
    const temp = await TempDatabase.open();
    const { database } = temp;
    await migrate(database);
    for (const { schema, columns } of plans) {
      await createTable(database, 'main', schema.name, columns);
      const runId = '00000000-0000-0000-0000-000000000000';
      const sync = { targetSchema: 'main', schema, mode: 'full', runId } as const;
      await recordSync(database, { ...sync, rows: 0, rejectedValues: 0 });
    }
    const applier = await ChangeApplier.open({
      database,
      targetSchema: 'main',
      sourceIdentity: 'server-1',
      ...options,
    });
    const replica = new AppliedReplica(temp, applier, plans);
    await applier.setTables(plans.map((plan, at) => ({ id: at + 1, plan })));
    return replica;
  }

  get database(): Database {
    return this.temp.database;
  }

  async stage(id: number, changes: Iterable<Change>): Promise<void> {
    for (const batch of this.batches[id - 1].of(changes)) await this.applier.stage(id, batch);
  }

  commit(also?: () => Promise<void>): Promise<CommittedChanges> {
    this.commits += 1;
    return this.applier.commit(positionOf(this.commits), also);
  }

  rows(sql: string): Promise<Row[]> {
    return this.database.rows(sql);
  }

  /** All rows of a table in an order of their own, as arrays. */
  async table(id: number): Promise<unknown[][]> {
    const rows = await this.rows(`FROM "${this.plans[id - 1].schema.name}" ORDER BY ALL`);
    return rows.map((row) => Object.values(row));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.applier[Symbol.asyncDispose]();
    await this.temp[Symbol.asyncDispose]();
  }
}

export function named(name: string, plan: TablePlan): TablePlan {
  return { ...plan, schema: { ...plan.schema, name } };
}
