import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import {
  addTwoLargeTables,
  assertFinished,
  cutOneOfTwo,
  cutSettings,
  MID_COPY,
} from './support/cut-copy.js';
import { DucktailChild } from './support/ducktail-child.js';
import { killedServerTests } from './support/killed-server-tests.js';
import { sendingConnections } from './support/source-processes.js';

test('a table whose connection is cut is read again in the same snapshot', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  await addTwoLargeTables(source);
  await cutOneOfTwo(source, duckdbPath, cutSettings(source, duckdbPath, 2));
});

test('when all connections are cut, a new snapshot is taken', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  await addTwoLargeTables(source);
  const env = cutSettings(source, duckdbPath, 2);
  await using child = DucktailChild.start(['sync', '--json'], env, { plan: MID_COPY });
  await child.reached();
  for (const id of await sendingConnections(source, 2)) await source.run(`KILL ${id}`);
  // What only the new snapshot can see.
  await source.run(`UPDATE left_texts SET v = 'new' WHERE id = 7`, 'CREATE TABLE later (id INT)');
  await source.run('DROP TABLE later');
  child.resume();
  const said = await assertFinished(child, source, duckdbPath);
  assert.match(said, /starting over with a new snapshot/);
});

killedServerTests('mariadb');
