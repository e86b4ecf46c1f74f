import type { Flavour } from '../../servers/test-server.js';

/** Statements that change definitions while rows are written. */
export interface SchemaChangeCase {
  readonly what: string;
  readonly flavours?: readonly Flavour[];
  /** Before the service has copied the tables. */
  readonly setup: readonly string[];
  /** With `@` for the source's database, in a session whose default database is another one. */
  readonly ddl: readonly string[];
  /** Tables with the columns `id` and `v`, at some time at least, whose rows change meanwhile. */
  readonly written: readonly string[];
}

/** A table of the columns that are written, and others. */
export function seeded(name: string, columns = '', values = ''): string[] {
  return [
    `CREATE TABLE ${name} (id INT PRIMARY KEY, v INT${columns})`,
    `INSERT INTO ${name} VALUES (1, 1${values}), (2, NULL${values}), (1000, 3${values})`,
  ];
}
