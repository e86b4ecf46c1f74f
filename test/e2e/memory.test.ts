import test from 'node:test';
import { TestSource } from '../helpers/test-source.js';
import { assertBelowLimit, peakOfSync } from './support/sync-memory.js';

test('a table of 300 columns is copied within the memory limit', async () => {
  await using source = await TestSource.open('mysql');
  const columns = Array.from({ length: 100 }, (_, i) => [
    `n${i} BIGINT NOT NULL`,
    `d${i} DECIMAL(30,4)`,
    `t${i} VARCHAR(20)`,
  ]).flat();
  const values = Array.from({ length: 100 }, (_, i) => [
    `n * ${i + 1}`,
    i % 2 === 0 ? 'NULL' : `n / ${i}`,
    `CONCAT('text ', n)`,
  ]).flat();
  await source.run('SET SESSION sql_log_bin = 0');
  await source.addNumbers(20_000);
  await source.run(
    `CREATE TABLE wide (id INT NOT NULL PRIMARY KEY, ${columns.join(', ')})`,
    `INSERT INTO wide SELECT n, ${values.join(', ')} FROM numbers`,
    'ANALYZE TABLE wide',
  );
  assertBelowLimit(await peakOfSync(source));
});
