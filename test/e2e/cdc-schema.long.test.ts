import test from 'node:test';
import mysql from 'mysql2/promise';
import { assertSameData } from '../helpers/compare.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';
import { RowWriter } from './support/row-writer.js';
import { RunningService } from './support/running-service.js';
import { assertSameReplica } from './support/same-replica.js';
import type { SchemaChangeCase } from './support/schema-change-case.js';
import { EXCLUDED_TABLES, schemaChangeCases } from './support/schema-change-cases.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
const SEED = 20_240_506;
/** Rounds of rows before and after each statement. */
const ROUNDS = 2;

/** A statement of a session that is elsewhere by default. */
async function changeSchemas(
  source: TestSource,
  cases: readonly SchemaChangeCase[],
  writer: RowWriter,
): Promise<void> {
  const elsewhere = await mysql.createConnection({
    uri: `${source.serverUrl}/mysql`,
    charset: 'utf8mb4',
  });
  try {
    await elsewhere.query("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'");
    for (const { ddl, written } of cases) {
      writer.writeTo(written);
      for (const statement of ddl) {
        await writer.until(ROUNDS);
        const sql = statement.replaceAll('@', source.database);
        await elsewhere.query(sql).catch((error: unknown) => {
          throw new Error(`${(error as Error).message} in: ${sql}`, { cause: error });
        });
      }
      await writer.until(ROUNDS);
    }
  } finally {
    elsewhere.destroy();
  }
}

/** Tables of the source that belong to the case, by the beginning of their names. */
async function tablesOf(source: TestSource, { written }: SchemaChangeCase): Promise<string[]> {
  const names = written.map((name) => name.replaceAll(/^`|`$/g, '').replaceAll('``', '`'));
  const rows = await source.texts('SHOW TABLES');
  return rows
    .map(([name]) => name ?? '')
    .filter((name) => names.includes(name) && !name.startsWith('hidden_'));
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: definitions change while rows are written`, async (t) => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const cases = schemaChangeCases(flavour);
    for (const { setup } of cases) await source.run(...setup);
    const variables = { EXCLUDE_TABLES: EXCLUDED_TABLES };
    const [livePath, latePath] = [folder.file('live.duckdb'), folder.file('late.duckdb')];
    await using live = await RunningService.start(source, livePath, { variables });
    await using late = await RunningService.start(source, latePath, { variables });
    await late.stop();
    {
      await using writer = RowWriter.start(source.url, SEED);
      await changeSchemas(source, cases, writer);
    }

    await live.caughtUp();
    await live.stop();
    await late.start();
    await late.caughtUp();
    await late.stop();
    for (const one of cases) {
      await t.test(one.what, async () => {
        const tables = await tablesOf(source, one);
        await assertSameData(source, livePath, { tables });
        await assertSameData(source, latePath, { tables });
      });
    }
    const isLeftOut = (name: string): boolean => name.startsWith('hidden_');
    await t.test('and nothing else is there as they come', async () => {
      await assertSameReplica(source, livePath, { isLeftOut });
    });
    await t.test('and nothing else is there all at once', async () => {
      await assertSameReplica(source, latePath, { isLeftOut });
    });
  });
}
