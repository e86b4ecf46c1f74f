import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { cutOneOfTwo, cutSettings } from './support/cut-copy.js';
import { addTextTable } from './support/text-table.js';

test('a chunk whose connection is cut takes its whole table along, and nothing else', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  // Four ranges of 26 MB, so each of two readers is stopped in its second.
  await addTextTable(source, { name: 'texts', rows: 200_000, bytes: 512 });
  const env = { ...cutSettings(source, duckdbPath, 2), APPENDER_FLUSH_INTERVAL: '2048' };
  await cutOneOfTwo(source, duckdbPath, env);
});
