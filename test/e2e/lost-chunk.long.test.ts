import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { assertFinished, MID_COPY, settings } from './support/cut-copy.js';
import { DucktailChild } from './support/ducktail-child.js';
import { sendingConnections } from './support/source-processes.js';
import { addTextTable } from './support/text-table.js';

test('a chunk whose connection is cut takes its whole table along, and nothing else', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  // Four ranges of 26 MB, so each of two readers is stopped in its second.
  await addTextTable(source, { name: 'texts', rows: 200_000, bytes: 512 });
  const env = { ...settings(source, duckdbPath, 2), APPENDER_FLUSH_INTERVAL: '2048' };
  await using child = DucktailChild.start(['sync', '--json'], env, { plan: MID_COPY });
  await child.reached();
  const [first] = await sendingConnections(source, 2);
  await source.run(`KILL ${first}`);
  child.resume();
  const said = await assertFinished(child, source, duckdbPath);
  assert.equal(said.match(/reading it again from its beginning/g)?.length, 1, said);
  assert.doesNotMatch(said, /new snapshot/);
});
