import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Database } from '../target/database.js';

const MIGRATIONS = fileURLToPath(new URL('../../../migrations/', import.meta.url));
const FILE_NAME = /^(\d{4})-.+\.sql$/;

/**
 * Brings the schema `_ducktail` up to date with the numbered files in `migrations/`: each in a
 * transaction with the note that it ran, so that a crash in one leaves nothing half done.
 */
export async function migrate(database: Database, folder = MIGRATIONS): Promise<void> {
  await database.run('CREATE SCHEMA IF NOT EXISTS _ducktail');
  await database.run(
    `CREATE TABLE IF NOT EXISTS _ducktail.migrations (
       number INTEGER NOT NULL, file VARCHAR NOT NULL, applied_at TIMESTAMPTZ NOT NULL)`,
  );
  const rows = await database.rows('SELECT number FROM _ducktail.migrations');
  const applied = new Set(rows.map((row) => Number(row.number)));
  for (const file of (await readdir(folder)).sort()) {
    const number = Number(FILE_NAME.exec(file)?.[1] ?? NaN);
    if (Number.isNaN(number) || applied.has(number)) continue;
    const sql = await readFile(`${folder}/${file}`, 'utf8');
    await database.transaction(async () => {
      await database.run(sql);
      await database.run('INSERT INTO _ducktail.migrations VALUES (?, ?, now())', [number, file]);
    });
  }
}
