import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { waitFor } from '../helpers/wait-for.js';
import { KeptSource } from './support/kept-source.js';
import { RunningService } from './support/running-service.js';
import { assertSameReplica } from './support/same-replica.js';

test('a service takes backups on their schedule, keeps as many as it is to, and goes on', async () => {
  const variables = { BACKUP_SCHEDULE: '*/2 * * * * *', BACKUP_KEEP: '2' };
  await using folder = await TempFolder.open();
  const backups = folder.file('backups');
  await using kept = await KeptSource.open('mysql', { ...variables, BACKUP_TARGET: backups });
  const { source, service, transfers, duckdbPath } = kept;
  const taken = (): number => service.said.split('"msg":"backed up"').length - 1;
  await waitFor(() => Promise.resolve(taken() >= 4));
  await transfers.until(10);
  await transfers.stop();
  await service.caughtUp();
  await service.stop();
  await assertSameReplica(source, duckdbPath);
  const left = await readdir(backups);
  assert.ok(left.length >= 2 && left.length <= 3, left.join());
  const restored = folder.file('restored.duckdb');
  await kept.restore(backups, restored);
  await using other = await RunningService.start(source, restored);
  await other.caughtUp();
  await other.stop();
  await assertSameReplica(source, restored);
});

test('a backup that fails is told, and tried again at its next time', async () => {
  await using folder = await TempFolder.open();
  await writeFile(folder.file('a-file'), '');
  const variables = { BACKUP_SCHEDULE: '* * * * * *', BACKUP_TARGET: folder.file('a-file/below') };
  await using kept = await KeptSource.open('mysql', variables);
  const { service, transfers } = kept;
  const failures = (): number => service.said.split('backup failed: ').length - 1;
  await waitFor(() => Promise.resolve(failures() >= 2));
  await transfers.until(10);
  await transfers.stop();
  await service.caughtUp();
  await service.stop();
});
