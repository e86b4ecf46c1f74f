import { quoteDuckdbText } from '../common/identifiers.js';
import type { Database } from '../target/database.js';

/** What was chosen once for this replica; null where nothing was. */
export async function readSetting(database: Database, name: string): Promise<string | null> {
  const rows = await database.rows(
    `SELECT value FROM _ducktail.settings WHERE name = ${quoteDuckdbText(name)}`,
  );
  return rows.length === 0 ? null : String(rows[0].value);
}

/** Within the caller's transaction. */
export async function recordSetting(
  database: Database,
  name: string,
  value: string,
): Promise<void> {
  await database.run('DELETE FROM _ducktail.settings WHERE name = ?', [name]);
  await database.run('INSERT INTO _ducktail.settings VALUES (?, ?)', [name, value]);
}

/** Within the caller's transaction. */
export async function forgetSetting(database: Database, name: string): Promise<void> {
  await database.run('DELETE FROM _ducktail.settings WHERE name = ?', [name]);
}
