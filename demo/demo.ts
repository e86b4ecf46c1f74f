import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { environmentOptions } from '../config/options.js';
import type { SyncResult } from '../src/model/sync-result.js';
import { openTestServer, type TestServer } from '../test/servers/test-server.js';
import { compareAnswers } from './comparison.js';
import { orderValues, revenueByMonth, topCustomers } from './questions.js';
import {
  formatCount,
  formatMegabytes,
  formatSeconds,
  printHeading,
  printTable,
  printText,
} from './report.js';
import { connectShop, createShop, dropShop, type ShopSummary } from './shop-database.js';
import { runInWorkspace, type Workspace } from './workspace.js';

const ducktail = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const OWN_DATABASE_COMMAND = `MYSQL_URL='mysql://user:password@host:3306/database' \\
DUCKDB_PATH=./replica.duckdb npx ducktail sync`;

await runInWorkspace('ducktail-demo', demo);

async function demo(workspace: Workspace): Promise<void> {
  printHeading('1. A real MySQL server');
  const server = await openServer(workspace);
  printHeading('2. A sample shop in it');
  const database = `ducktail_demo_${randomBytes(4).toString('hex')}`;
  const shop = await fillShop(workspace, server, database);
  printHeading('3. ducktail sync');
  const environment = ducktailEnvironment(server, database, workspace);
  const result = await sync(workspace, environment);
  printTables(result, shop);
  await printTotals(result, shop, environment.DUCKDB_PATH);
  printHeading('4. One of three questions, put to the replica with ducktail query');
  await showQuery(workspace, environment);
  printHeading('5. The same three questions to MySQL and to DuckDB');
  await compareDatabases(server, database, environment.DUCKDB_PATH);
  printHeading('The same with your own database');
  printText(OWN_DATABASE_COMMAND);
}

async function openServer(workspace: Workspace): Promise<TestServer> {
  const start = performance.now();
  const server = await openTestServer('mysql', { onProgress: printText });
  workspace.onEnd(() => server[Symbol.asyncDispose]());
  const where = server.origin === 'url' ? 'given by DUCKTAIL_TEST_MYSQL_URL' : 'private';
  printText(`MySQL ${server.version}, ${where}, ready in ${secondsSince(start)}`);
  return server;
}

async function fillShop(
  workspace: Workspace,
  server: TestServer,
  database: string,
): Promise<ShopSummary> {
  const start = performance.now();
  printText('The server makes the rows itself; this takes about 15 seconds …');
  // A private server goes with its data.
  if (server.origin === 'url') workspace.onEnd(() => dropShop(server.url, database));
  const shop = await createShop(server.url, database);
  const rows = [...shop.rowsByTable.values()].reduce((sum, count) => sum + count, 0);
  printText(
    `${shop.rowsByTable.size} tables, ${formatCount(rows)} rows, ` +
      `${shop.columns} columns of ${shop.types} types, in ${secondsSince(start)}`,
  );
  return shop;
}

/** Ours without what the caller has set for a replica of their own. */
function ducktailEnvironment(
  server: TestServer,
  database: string,
  workspace: Workspace,
): NodeJS.ProcessEnv & { readonly DUCKDB_PATH: string } {
  const variables = new Set(Object.values(environmentOptions).map(({ name }) => name));
  const others = Object.entries(process.env).filter(([name]) => !variables.has(name));
  return {
    ...Object.fromEntries(others),
    MYSQL_URL: `${server.url}/${database}`,
    DUCKDB_PATH: path.join(workspace.folder, 'replica.duckdb'),
    // For those who read along, also where there is no terminal.
    LOG_FORMAT: 'pretty',
  };
}

async function sync(workspace: Workspace, environment: NodeJS.ProcessEnv): Promise<SyncResult> {
  const run = await workspace.runNode(ducktail, ['sync', '--json'], {
    environment,
    errorOutput: 'shown',
  });
  if (run.exitCode !== 0) throw new Error(`ducktail sync failed (exit code ${run.exitCode})`);
  return JSON.parse(run.stdout) as SyncResult;
}

function printTables(result: SyncResult, shop: ShopSummary): void {
  for (const [table, expected] of shop.rowsByTable) {
    const rows = result.tables.find((entry) => entry.table === table)?.rows;
    if (rows !== expected) {
      throw new Error(`${table} has ${expected} rows in MySQL, and ducktail reports ${rows}`);
    }
  }
  printTable(
    [
      { title: 'table', align: 'left' },
      { title: 'rows', align: 'right' },
      { title: 'seconds', align: 'right' },
      { title: 'rows/s', align: 'right' },
    ],
    result.tables.map(({ table, rows, seconds, rowsPerSecond }) => [
      table,
      formatCount(rows),
      seconds.toFixed(2),
      formatCount(rowsPerSecond),
    ]),
  );
}

async function printTotals(
  result: SyncResult,
  shop: ShopSummary,
  duckdbPath: string,
): Promise<void> {
  const { size } = await stat(duckdbPath);
  printText(
    `All of it took ${formatSeconds(result.seconds)} and at most ` +
      `${formatMegabytes(result.peakRssBytes)} of memory. ${formatMegabytes(shop.bytes)} in MySQL, ` +
      `with indexes, are ${formatMegabytes(size)} in DuckDB.`,
  );
}

async function showQuery(workspace: Workspace, environment: NodeJS.ProcessEnv): Promise<void> {
  const run = await workspace.runNode(ducktail, ['query', topCustomers.sql], {
    environment,
    errorOutput: 'shown',
  });
  if (run.exitCode !== 0) throw new Error(`ducktail query failed (exit code ${run.exitCode})`);
  printText(run.stdout.trimEnd());
}

async function compareDatabases(
  server: TestServer,
  database: string,
  duckdbPath: string,
): Promise<void> {
  printText('Each is asked once, in the same words; MySQL takes some seconds …');
  const mysql = await connectShop(server.url, database);
  const instance = await DuckDBInstance.create(duckdbPath, { access_mode: 'READ_ONLY' });
  const duckdb = await instance.connect();
  const rows: string[][] = [];
  try {
    for (const question of [revenueByMonth, topCustomers, orderValues]) {
      const { rows: answer, ...seconds } = await compareAnswers(question, mysql, duckdb);
      rows.push([
        question.title,
        formatSeconds(seconds.mysqlSeconds),
        formatSeconds(seconds.duckdbSeconds),
        `${formatCount(seconds.mysqlSeconds / seconds.duckdbSeconds)} ×`,
        `equal, ${answer} rows`,
      ]);
    }
  } finally {
    duckdb.closeSync();
    instance.closeSync();
    mysql.destroy();
  }
  printTable(
    [
      { title: 'question', align: 'left' },
      { title: 'MySQL', align: 'right' },
      { title: 'DuckDB', align: 'right' },
      { title: 'faster by', align: 'right' },
      { title: 'answers', align: 'left' },
    ],
    rows,
  );
}

function secondsSince(start: number): string {
  return formatSeconds((performance.now() - start) / 1000);
}
