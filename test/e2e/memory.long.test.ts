import test from 'node:test';
import { TestSource } from '../helpers/test-source.js';
import { assertBelowLimit, peakOfSync } from './support/sync-memory.js';
import { addTextTable } from './support/text-table.js';

const KIB = 1024;

test('a table of long texts is copied within the memory limit', async () => {
  await using source = await TestSource.open('mysql');
  await addTextTable(source, { name: 'texts', rows: 40_000, bytes: 8 * KIB });
  assertBelowLimit(await peakOfSync(source));
});
