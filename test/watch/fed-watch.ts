import { DucktailError } from '../../src/common/errors.js';
import { Watch } from '../../src/watch/watch.js';
import type { WatchedService, WatchedTable } from '../../src/watch/watched-service.js';

export const ORDERS: WatchedTable = {
  table: 'orders',
  mode: 'cdc',
  rows: 12,
  lastSync: '2026-01-02T03:04:05.000Z',
  watermark: null,
  rejectedValues: 3,
  isQuarantined: false,
  error: null,
};

const CHECKPOINT = { gtidSet: null, file: 'binlog.000042', position: 4711 };

/** A service that stands still; `tables` may change. */
export function stillService(tables: WatchedTable[] = [ORDERS]): WatchedService {
  return {
    status: () => ({
      state: 'streaming',
      targetSchema: 'main',
      cdc: {
        state: 'streaming',
        checkpoint: CHECKPOINT,
        sourceTime: '2026-01-02T03:04:05.000Z',
        lagSeconds: 1.5,
      },
    }),
    tables: () => Promise.resolve(tables),
    usage: () =>
      Promise.resolve({
        fileBytes: 1,
        walBytes: 2,
        freeBytes: 3,
        duckdbMemoryBytes: 4,
        oldestReaderSeconds: 5,
      }),
  };
}

/** A watch that was told of everything once, so that every metric has a value. */
export async function fedWatch(tables?: WatchedTable[]): Promise<Watch> {
  const watch = await Watch.open(stillService(tables));
  const { observer, queries, keeping } = watch;
  const reporter = watch.reporter(silentReporter());
  const rows = { table: 'orders', inserted: 3, updated: 2, deleted: 1, bytes: 100 };
  observer.connected();
  observer.connected();
  observer.committed({ tables: [rows], seconds: 0.02, sourceTimeMs: Date.now() - 500 });
  observer.synced({ ...rows, mode: 'full', seconds: 1, error: null });
  observer.failed({ code: 'source-unavailable', message: 'gone', hint: undefined });
  observer.quarantined('orders', 'for a test');
  observer.retained({
    purgeableAtMs: Date.now() + 3_600_000,
    isKept: true,
    behindBytes: 99,
  });
  const copy = { seconds: 2, pauseSeconds: 0.1, bytes: 5 };
  keeping.snapshotPublished(copy);
  keeping.backupTaken(copy);
  keeping.compacted({ seconds: 3, bytesBefore: 9, bytesAfter: 5 });
  keeping.failed('backup');
  for (const error of [null, 'query-failed'] as const) {
    queries.queued();
    queries.started();
    queries.finished(0.01, error);
  }
  queries.queued();
  queries.refused();
  reporter.planned([{ table: 'items', estimatedRows: 200 }]);
  reporter.tableStarted('items');
  reporter.rowsWritten('items', 50);
  reporter.tableFailed('others', new DucktailError('table-failed', 'no'));
  return watch;
}

function silentReporter(): Parameters<Watch['reporter']>[0] {
  const ignore = (): void => undefined;
  return {
    planned: ignore,
    tableStarted: ignore,
    rowsWritten: ignore,
    tableFinished: ignore,
    tableFollowed: ignore,
    tableFailed: ignore,
    tableRestarted: ignore,
    warning: ignore,
    info: ignore,
  };
}
