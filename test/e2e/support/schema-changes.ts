import type { Random } from './random.js';

const TYPES = ['INT', 'VARCHAR(20)', 'INT NOT NULL DEFAULT 7', "ENUM('a', 'b')", 'DECIMAL(8,2)'];
const MAX_TABLES = 4;

interface ChangingTable {
  readonly name: string;
  /** Beside `id` and `v`, in no particular order. */
  readonly columns: readonly string[];
}

/** Definitions that change at random; knows what there is, so that every change succeeds. */
export class SchemaChanges {
  private tables: ChangingTable[] = [];
  private names = 0;

  constructor(private readonly random: Random) {}

  /** Statements of which each changes a definition. */
  next(): string[] {
    const { random } = this;
    if (this.tables.length === 0) return this.create();
    const at = random.below(this.tables.length);
    const ways = [
      () => this.addColumn(at),
      () => this.addColumn(at),
      () => this.dropColumn(at),
      () => this.renameColumn(at),
      () => this.modifyColumn(at),
      () => this.create(),
      () => this.drop(at),
      () => this.rename(at),
      () => this.swap(at),
      () => [`TRUNCATE TABLE ${this.tables[at].name}`],
    ];
    return random.of(ways)();
  }

  /** A change of rows in one of the tables that are there. */
  rowChange(value: number): string[] {
    const { random } = this;
    if (this.tables.length === 0) return [];
    const { name } = random.of(this.tables);
    const id = random.below(20);
    return random.of([
      [`REPLACE INTO ${name} (id, v) VALUES (${id}, ${value})`],
      [`INSERT IGNORE INTO ${name} (id, v) VALUES (${id}, ${value}), (${id + 1}, ${value})`],
      [`UPDATE ${name} SET v = ${value} WHERE id = ${id}`],
      [`DELETE FROM ${name} WHERE id = ${id}`],
    ]);
  }

  private name(prefix: string): string {
    return `${prefix}${++this.names}`;
  }

  private create(): string[] {
    if (this.tables.length >= MAX_TABLES) return this.drop(0);
    const name = this.name('t');
    this.tables.push({ name, columns: [] });
    return [
      `CREATE TABLE ${name} (id INT PRIMARY KEY, v INT)`,
      `INSERT INTO ${name} VALUES (1, 1), (2, 2), (3, NULL)`,
    ];
  }

  private drop(at: number): string[] {
    const [{ name }] = this.tables.splice(at, 1);
    return [`DROP TABLE ${name}`];
  }

  private rename(at: number): string[] {
    const { name, columns } = this.tables[at];
    const next = this.name('t');
    this.tables[at] = { name: next, columns };
    return [`RENAME TABLE ${name} TO ${next}`];
  }

  private swap(at: number): string[] {
    const other = this.random.below(this.tables.length);
    if (other === at) return this.rename(at);
    const one = this.tables[at];
    const two = this.tables[other];
    this.tables[at] = { name: one.name, columns: two.columns };
    this.tables[other] = { name: two.name, columns: one.columns };
    return [
      `RENAME TABLE ${one.name} TO passing, ${two.name} TO ${one.name}, passing TO ${two.name}`,
    ];
  }

  private addColumn(at: number): string[] {
    const { random } = this;
    const { name, columns } = this.tables[at];
    const column = this.name('c');
    this.tables[at] = { name, columns: [...columns, column] };
    const place = random.of(['', '', ' FIRST', ' AFTER id']);
    return [`ALTER TABLE ${name} ADD COLUMN ${column} ${random.of(TYPES)}${place}`];
  }

  private dropColumn(at: number): string[] {
    const { name, columns } = this.tables[at];
    if (columns.length === 0) return this.addColumn(at);
    const column = this.random.of(columns);
    this.tables[at] = { name, columns: columns.filter((one) => one !== column) };
    return [`ALTER TABLE ${name} DROP COLUMN ${column}`];
  }

  private renameColumn(at: number): string[] {
    const { name, columns } = this.tables[at];
    if (columns.length === 0) return this.addColumn(at);
    const column = this.random.of(columns);
    const next = this.name('c');
    this.tables[at] = { name, columns: [...columns.filter((one) => one !== column), next] };
    return [`ALTER TABLE ${name} RENAME COLUMN ${column} TO ${next}`];
  }

  private modifyColumn(at: number): string[] {
    const { random } = this;
    const { name } = this.tables[at];
    const place = random.of(['', '', ' FIRST', ' AFTER id']);
    return [`ALTER TABLE ${name} MODIFY COLUMN v ${random.of(['INT', 'BIGINT'])}${place}`];
  }
}
