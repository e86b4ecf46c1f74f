import { DucktailError } from '../common/errors.js';
import { type Checkpoint, includesCheckpoint } from '../model/checkpoint.js';
import type { TablePlan } from '../model/column-plan.js';
import { type ForeignKey, withDependents } from '../model/foreign-key.js';
import type { GtidFlavour } from '../model/gtid-set.js';
import { definitionChange } from '../state/definition-change.js';
import {
  forgetCheckpoints,
  readCheckpoints,
  recordStreamMembers,
  type TableCheckpoint,
} from '../state/checkpoints.js';
import { type Quarantine, readQuarantines, releaseQuarantine } from '../state/quarantine.js';
import {
  forgetStreamPosition,
  readStreamPosition,
  recordStreamPosition,
  type StreamPosition,
} from '../state/stream.js';
import type { Database } from '../target/database.js';
import { readTableRecords, type RowQuery, type TableRecord } from '../state/tables.js';
import type { CdcContext, LockRestriction } from './context.js';
import { StreamTables } from './stream-tables.js';

export interface StreamStart {
  readonly from: Checkpoint;
  readonly sourceTimeMs: number | null;
  readonly tables: StreamTables;
  /** To be copied beside the stream. */
  readonly toCopy: readonly string[];
}

/**
 * Where to go on, after what can't go on was copied: tables that have no copy, whose copy is of
 * another definition, that are in quarantine, or that the stream has left behind; and those that
 * change with one of them by foreign keys of which the binlog says nothing. Where writers can't be
 * locked out for a moment, only a running stream can complete a copy: it is made beside it then.
 */
export async function prepareStream(context: CdcContext): Promise<StreamStart> {
  const { database, targetSchema, reporter, signal } = context;
  const stream = await readStreamPosition((sql) => database.rows(sql), targetSchema);
  if (stream !== null && stream.checkpoint.gtidSet === null) requireSameSource(context, stream);
  let plans = await context.selectTables();
  const before = await readKnown(context);
  const reasons = whatIsMissing(
    plans,
    (await context.readForeignKeys(plans)) ?? [],
    before,
    stream?.checkpoint ?? null,
    context.flavour,
  );
  for (const [name, why] of reasons) {
    if (before.records.has(name)) reporter.info(`${name}: copied again, because ${why}`);
  }
  const missing = plans.filter(({ schema }) => reasons.has(schema.name));
  const restriction = missing.length === 0 ? null : await context.findLockRestriction(missing);
  if (missing.length > 0 && restriction === null) {
    const copied = await context.copyTables(missing);
    signal.throwIfAborted();
    await database.transaction(async () => {
      for (const { schema } of copied) await releaseQuarantine(database, targetSchema, schema.name);
    });
    const byName = new Map(copied.map((plan) => [plan.schema.name, plan]));
    plans = plans.map((plan) => byName.get(plan.schema.name) ?? plan);
  }
  return joinTables(context, plans, stream, restriction);
}

interface Known {
  readonly records: ReadonlyMap<string, TableRecord>;
  readonly checkpoints: ReadonlyMap<string, TableCheckpoint>;
  readonly quarantined: ReadonlyMap<string, Quarantine>;
}

async function readKnown({ database, targetSchema }: CdcContext): Promise<Known> {
  const query: RowQuery = (sql) => database.rows(sql);
  return {
    records: await readTableRecords(query, targetSchema),
    checkpoints: await readCheckpoints(query, targetSchema),
    quarantined: await readQuarantines(query, targetSchema),
  };
}

/** Why tables have to be copied, by name. */
function whatIsMissing(
  plans: readonly TablePlan[],
  keys: readonly ForeignKey[],
  known: Known,
  stream: Checkpoint | null,
  flavour: GtidFlavour,
): Map<string, string> {
  const reasons = new Map<string, string>();
  for (const plan of plans) {
    const why = whyCopied(plan, known, stream, flavour);
    if (why !== null) reasons.set(plan.schema.name, why);
  }
  const positionOf = (table: string): Checkpoint | undefined => {
    const own = known.checkpoints.get(table);
    if (stream === null || own === undefined) return own;
    return includesCheckpoint(own, stream, flavour) ? own : stream;
  };
  // The parent's changes up to its position won't come again.
  const behind = keys.filter(({ childTable, parentTable }) => {
    const [child, parent] = [positionOf(childTable), positionOf(parentTable)];
    return (
      child !== undefined && parent !== undefined && !includesCheckpoint(child, parent, flavour)
    );
  });
  const roots = [...reasons.keys(), ...behind.map(({ childTable }) => childTable)];
  for (const name of withDependents(roots, keys)) {
    if (!reasons.has(name)) reasons.set(name, 'a table with which it changes has a newer copy');
  }
  return reasons;
}

/** Completes `it is copied again, because …`; null where its copy can go on with the stream. */
function whyCopied(
  plan: TablePlan,
  known: Known,
  stream: Checkpoint | null,
  flavour: GtidFlavour,
): string | null {
  const { name, database } = plan.schema;
  const record = known.records.get(name);
  if (record === undefined) return 'it was never copied';
  if (record.sourceDatabase !== database) {
    return `its copy is of the database '${record.sourceDatabase}'`;
  }
  const checkpoint = known.checkpoints.get(name);
  if (checkpoint === undefined) return 'its copy has no binlog position';
  const quarantine = known.quarantined.get(name);
  if (quarantine !== undefined) return quarantine.reason;
  const change = definitionChange(plan, record);
  if (change !== null) return change;
  if (stream === null || checkpoint.inStream || includesCheckpoint(checkpoint, stream, flavour))
    return null;
  return 'the stream has gone on without it';
}

/** Without GTIDs a position means something on one server alone. */
function requireSameSource(
  { sourceIdentity }: CdcContext,
  stream: { readonly sourceIdentity: string },
): void {
  if (stream.sourceIdentity === sourceIdentity) return;
  throw new DucktailError(
    'history-lost',
    'this is another server than the one whose binlog was followed, and it has no GTIDs',
  );
}

async function joinTables(
  context: CdcContext,
  plans: readonly TablePlan[],
  stream: StreamPosition | null,
  restriction: LockRestriction | null,
): Promise<StreamStart> {
  const { database, targetSchema, reporter } = context;
  const toCopy: string[] = [];
  const known = await readKnown(context);
  const tables = new StreamTables(context.flavour);
  const positions: Checkpoint[] = [];
  for (const plan of plans) {
    const { name } = plan.schema;
    const why = whyCopied(plan, known, stream?.checkpoint ?? null, context.flavour);
    if (why === null) {
      const after = known.checkpoints.get(name) ?? null;
      tables.add(plan, after);
      if (after !== null) positions.push(after);
    } else if (restriction !== null || isUnlocked(name, known)) {
      toCopy.push(name);
    } else {
      reporter.warning(`${name} is left out of the stream: ${why}`);
    }
  }
  const from =
    stream?.checkpoint ??
    earliest(positions, context.flavour) ??
    (toCopy.length === 0 ? null : await startingPoint(context, restriction));
  if (from === null) throw nothingToStream();
  await connectTables(context, plans, tables);
  await provideMemory(context, plans.length);
  const sourceTimeMs = stream?.sourceTimeMs ?? null;
  await database.transaction(async () => {
    const names = tables.all.map(({ plan }) => plan.schema.name);
    await recordStreamMembers(database, targetSchema, names);
    await recordStreamPosition(database, targetSchema, {
      // Another server's only with what comes from it: until then it may lack some of this history.
      sourceIdentity: stream?.sourceIdentity ?? context.sourceIdentity,
      checkpoint: from,
      sourceTimeMs,
    });
  });
  return { from: onThisServer(from, stream, context), sourceTimeMs, tables, toCopy };
}

/** Another server has files of its own under the same names. */
function onThisServer(
  from: Checkpoint,
  stream: StreamPosition | null,
  { sourceIdentity }: CdcContext,
): Checkpoint {
  return stream?.sourceIdentity === sourceIdentity ? from : { ...from, fileTimeMs: null };
}

/** It was copied, but others wrote meanwhile. */
function isUnlocked(name: string, { records, checkpoints, quarantined }: Known): boolean {
  return records.has(name) && !checkpoints.has(name) && !quarantined.has(name);
}

/** Any will do that is before the copies; without GTIDs no copy can be completed from it. */
async function startingPoint(
  context: CdcContext,
  restriction: LockRestriction | null,
): Promise<Checkpoint | null> {
  const end = await context.readSourceEnd();
  if (end === null || end.gtidSet !== null || restriction === null) return end;
  throw new DucktailError(
    'source-unsuitable',
    `${restriction.message}; without GTIDs no copy can be followed then`,
    { hint: restriction.hint },
  );
}

/** Those of one history include each other. */
function earliest(positions: readonly Checkpoint[], flavour: GtidFlavour): Checkpoint | null {
  return positions.reduce<Checkpoint | null>(
    (first, next) => (first === null || includesCheckpoint(first, next, flavour) ? next : first),
    null,
  );
}

/** DuckDB would run out of memory at some change of some table. */
async function provideMemory({ database, reporter }: CdcContext, tables: number): Promise<void> {
  const limit = await database.provideForTables(tables);
  if (limit === null) return;
  reporter.warning(
    `following ${tables} tables takes memory: DuckDB's limit is now ${limit}`,
    'Set DUCKDB_MEMORY_LIMIT to that, or leave tables out with EXCLUDE_TABLES.',
  );
}

/** A table that changes with one that takes no part can't take part either. */
async function connectTables(
  { readForeignKeys, reporter }: CdcContext,
  plans: readonly TablePlan[],
  tables: StreamTables,
): Promise<void> {
  tables.useForeignKeys(await readForeignKeys(plans));
  for (const { schema } of plans) {
    if (tables.find(schema.name) !== undefined) continue;
    for (const name of tables.remove(schema.name)) {
      reporter.warning(`${name} is left out of the stream: it changes with ${schema.name}`);
    }
  }
}

function nothingToStream(): DucktailError {
  return new DucktailError(
    'source-unsuitable',
    'no table was copied together with a binlog position: there is nothing that CDC could go on from',
    { hint: 'Run `ducktail check`: it names the settings and grants that are missing.' },
  );
}

/** The source has lost what the stream would go on from: every table is to be copied again. */
export async function forgetHistory(database: Database, targetSchema: string): Promise<void> {
  await database.transaction(async () => {
    await forgetStreamPosition(database, targetSchema);
    await forgetCheckpoints(database, targetSchema);
  });
}
