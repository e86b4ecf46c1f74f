import type { UnlockedSnapshot } from '../model/copy-turns.js';
import type { Database } from '../target/database.js';
import { readSetting, recordSetting } from './settings.js';

/** Whose commit may bring less than it changed, by table. */
interface XaDoubt {
  /** Transactions that were prepared when the table's copy was begun. */
  readonly xids: readonly string[];
  /** Nobody could say which were: any that did not come with its PREPARE. */
  readonly isAny: boolean;
}

type XaDoubts = Record<string, XaDoubt>;

/**
 * Within the caller's transaction: the tables' copies were begun by this snapshot; null: with writers
 * locked out, so without a doubt. `parked`: what came prepared by the stream before.
 */
export async function recordXaDoubt(
  database: Database,
  targetSchema: string,
  tables: readonly string[],
  unlocked: UnlockedSnapshot | null,
  parked: readonly string[] = [],
): Promise<void> {
  const doubt: XaDoubt | null = unlocked && {
    xids: unlocked.preparedXids ?? parked,
    isAny: unlocked.preparedXids === null,
  };
  const known = await readDoubts(database, targetSchema);
  const doubts = Object.fromEntries(
    Object.entries(known).filter(([table]) => !tables.includes(table)),
  );
  if (doubt !== null && (doubt.isAny || doubt.xids.length > 0)) {
    for (const table of tables) doubts[table] = doubt;
  }
  const text = JSON.stringify(doubts);
  if (text === JSON.stringify(known)) return;
  await recordSetting(database, settingName(targetSchema), text);
}

/** The tables that lack what the transaction changed, now that it is committed. */
export async function doubtfulTables(
  database: Database,
  targetSchema: string,
  xid: string,
  isParked: boolean,
): Promise<string[]> {
  const doubts = await readDoubts(database, targetSchema);
  return Object.entries(doubts)
    .filter(([, { xids, isAny }]) => xids.includes(xid) || (isAny && !isParked))
    .map(([table]) => table);
}

async function readDoubts(database: Database, targetSchema: string): Promise<XaDoubts> {
  const text = await readSetting(database, settingName(targetSchema));
  return text === null ? {} : (JSON.parse(text) as XaDoubts);
}

function settingName(targetSchema: string): string {
  return `xa_doubts ${targetSchema}`;
}
