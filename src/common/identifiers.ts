import { randomUUID } from 'node:crypto';

/** Quotes a name for DuckDB: "name", any character allowed. */
export function quoteDuckdbName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a name for MySQL and MariaDB, whatever the sql_mode: `name`. */
export function quoteMysqlName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A table's name for MySQL and MariaDB, with its database. */
export function qualifiedMysqlName(database: string, table: string): string {
  return `${quoteMysqlName(database)}.${quoteMysqlName(table)}`;
}

/** A DuckDB string literal. */
export function quoteDuckdbText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * A MySQL text literal that means the same under every sql_mode and connection character set: the
 * UTF-8 bytes in hex with their character set.
 */
export function quoteMysqlText(text: string): string {
  return text === '' ? `_utf8mb4''` : `_utf8mb4 x'${Buffer.from(text, 'utf8').toString('hex')}'`;
}

const STAGING_PREFIX = '__staging_';

/** A fresh name `__staging_<table>_<uuid>`; the uuid keeps two attempts at one table apart. */
export function stagingTableName(table: string): string {
  return `${STAGING_PREFIX}${table}_${randomUUID()}`;
}

const STAGING_NAME = /^__staging_.*_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/s;

/** True for names made by `stagingTableName`: what a crash can leave behind. */
export function isStagingTableName(name: string): boolean {
  return STAGING_NAME.test(name);
}
