import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';
import { CdcWorkload, WORKLOAD_TABLES } from './support/cdc-workload.js';
import { CronJob } from './support/cron-job.js';
import { DucktailChild } from './support/ducktail-child.js';
import { assertSameReplica } from './support/same-replica.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

for (const flavour of FLAVOURS) {
  test(`${flavour}: cron jobs that are killed, beside a writer, are gone on with by the next one`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    const job = new CronJob(source, duckdbPath);
    await source.run(...WORKLOAD_TABLES);
    await job.catchUp();
    const stop = new AbortController();
    const writing = new CdcWorkload(3, flavour).write(source.url, 100_000, stop.signal);
    try {
      for (let round = 0; round < 4; round++) {
        await using child = DucktailChild.start(['sync', '--cdc', '--json'], job.env);
        await child.says(/streaming/);
        child.signal('SIGKILL');
        await child.ended;
        if (round % 2 === 1) await job.catchUp();
      }
    } finally {
      stop.abort();
      await writing;
    }
    await job.catchUp();
    await assertSameReplica(source, duckdbPath);
  });
}
