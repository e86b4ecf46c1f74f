import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { RunningService } from './running-service.js';
import { assertSameReplica } from './same-replica.js';

const LARGE_ROWS = 200_000;
const LIMIT_BYTES = 500e6;

/** The memory of a service that applies a large transaction of a server of the flavour. */
export function transactionMemoryTest(flavour: Flavour): void {
  test(`${flavour}: a transaction of ${LARGE_ROWS} rows takes no more memory than others`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const columns = 'v VARCHAR(100) NOT NULL, d DATETIME(6), m DECIMAL(12,2)';
    await source.addNumbers(LARGE_ROWS);
    await source.run(
      `CREATE TABLE large (id INT PRIMARY KEY, ${columns})`,
      `CREATE TABLE large_bag (id INT NOT NULL, ${columns})`,
    );
    const variables = { EXCLUDE_TABLES: 'numbers' };
    const duckdbPath = folder.file('replica.duckdb');
    await using service = await RunningService.start(source, duckdbPath, { variables });
    const rows = `SELECT n, CONCAT('value ', SHA2(n, 256)),
      '2024-01-01' + INTERVAL n SECOND, n / 100 FROM numbers`;
    await source.run(
      'BEGIN',
      `INSERT INTO large ${rows}`,
      'UPDATE large SET v = CONCAT(id, v), m = -m WHERE id % 2 = 0',
      'UPDATE large SET id = -id WHERE id BETWEEN 1 AND 1000',
      'DELETE FROM large WHERE id % 10 = 3',
      `INSERT INTO large_bag ${rows} WHERE n < 20000`,
      'DELETE FROM large_bag WHERE id % 4 = 0',
      'COMMIT',
    );
    await service.caughtUp();
    const peakBytes = await service.peakRssBytes();
    await service.stop();
    await assertSameReplica(source, duckdbPath, { isLeftOut: (name) => name === 'numbers' });
    if (peakBytes !== null) {
      assert.ok(peakBytes < LIMIT_BYTES, `${(peakBytes / 1e6).toFixed(0)} MB`);
    }
  });
}
