import type { TestSource } from '../../helpers/test-source.js';
import type { RunningService } from './running-service.js';

/** One row, whose `v` says how often it was changed. */
export async function addCountedRow(source: TestSource): Promise<void> {
  await source.run(
    'CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL)',
    'INSERT INTO t VALUES (1, 0)',
  );
}

/** Changes that row over and over until `work` has ended. */
export async function changeMeanwhile<T>(
  source: TestSource,
  service: RunningService,
  work: Promise<T>,
): Promise<{ readonly result: T; readonly changes: number; readonly worstLagSeconds: number }> {
  let isDone = false;
  const ending = work.finally(() => (isDone = true));
  let changes = 0;
  let worstLagSeconds = 0;
  while (!isDone) {
    await source.run('UPDATE t SET v = v + 1');
    changes++;
    const lagSeconds = (await service.status())?.cdc?.lagSeconds ?? 0;
    worstLagSeconds = Math.max(worstLagSeconds, lagSeconds);
  }
  return { result: await ending, changes, worstLagSeconds };
}
