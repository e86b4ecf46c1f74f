import type { TestSource } from '../../helpers/test-source.js';

/** Needs the tables `altered (id, v)` and `others (id)`: no copy of the first one is ever the last. */
export async function alterWithoutEnd(source: TestSource, stop: AbortSignal): Promise<void> {
  for (let n = 0; !stop.aborted; n++) {
    await source.run(
      `ALTER TABLE altered ADD COLUMN c INT DEFAULT ${n}`,
      `CREATE TABLE altered_${n % 3} AS SELECT ${n} AS n`,
      'ALTER TABLE altered DROP COLUMN c',
      `UPDATE altered SET v = ${n}`,
      `DROP TABLE altered_${n % 3}`,
      `INSERT INTO others VALUES (${n})`,
    );
  }
}
