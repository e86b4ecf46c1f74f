import test from 'node:test';
import { sameDataByTable } from '../helpers/compare.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';
import { changeCases } from './support/change-cases.js';
import { preparedTransactionTest } from './support/prepared-transaction-test.js';
import { RunningService } from './support/running-service.js';
import { transactionMemoryTest } from './support/transaction-memory-test.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

for (const flavour of FLAVOURS) {
  test(`${flavour}: changes of rows come over as they come, and all at once`, async (t) => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const cases = changeCases(flavour);
    for (const { setup } of cases) await source.run(...setup);
    await using live = await RunningService.start(source, folder.file('live.duckdb'));
    await using late = await RunningService.start(source, folder.file('late.duckdb'));
    await late.stop();

    for (const { changes } of cases) await source.run(...changes);
    await live.caughtUp();
    await live.stop();
    await late.start();
    await late.caughtUp();
    await late.stop();
    const assertSameTable = await Promise.all(
      [live, late].map(({ duckdbPath }) => sameDataByTable(source, duckdbPath)),
    );
    for (const { what, tables } of cases) {
      await t.test(what, () => {
        for (const table of tables) for (const assertSame of assertSameTable) assertSame(table);
      });
    }
  });
}

preparedTransactionTest('mariadb');
transactionMemoryTest('mysql');
