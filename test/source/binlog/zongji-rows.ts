import ZongJi, { type BinlogEvent } from '@vlasky/zongji';
import type { BinlogPlace } from './raw-binlog.js';

type Row = Readonly<Record<string, unknown>>;

export interface ZongjiImage {
  /** It is gone with this event: a delete's row, or an update's before it. */
  readonly isBefore: boolean;
  readonly row: Row;
}

interface RowsEvent extends BinlogEvent {
  readonly tableId: number;
  readonly tableMap: Readonly<Record<number, { readonly tableName: string }>>;
  readonly rows: readonly (Row | { readonly before: Row; readonly after: Row })[];
}

const ROW_EVENTS: ReadonlySet<string> = new Set(['WriteRows', 'UpdateRows', 'DeleteRows']);

export interface ZongjiRange {
  readonly from: BinlogPlace;
  readonly database: string;
  readonly tables: readonly string[];
  /** A table that is written to behind all that is wanted. */
  readonly until: string;
}

/** The row images of a range of the binlog as zongji decodes them, in order, by table. */
export async function readWithZongji(
  serverUrl: string,
  { from, database, tables, until }: ZongjiRange,
): Promise<ReadonlyMap<string, readonly ZongjiImage[]>> {
  const { hostname, port, username, password } = new URL(serverUrl);
  const options = {
    host: hostname,
    port: Number(port),
    user: username,
    password: decodeURIComponent(password),
    // Otherwise values are rounded before anybody sees them.
    dateStrings: true,
    jsonStrings: true,
    supportBigNumbers: true,
    timezone: 'Z',
  };
  const zongji = new ZongJi(options);
  const images = new Map<string, ZongjiImage[]>(tables.map((table) => [table, []]));
  try {
    await new Promise<void>((resolve, reject) => {
      zongji.on('error', reject);
      zongji.on('binlog', (event) => {
        const kind = event.getTypeName();
        if (!ROW_EVENTS.has(kind)) return;
        const { tableId, tableMap, rows } = event as RowsEvent;
        const { tableName } = tableMap[tableId];
        if (tableName === until) resolve();
        else images.get(tableName)?.push(...rows.flatMap((row) => imagesOf(kind, row)));
      });
      zongji.start({
        serverId: 0x40000000 + Math.floor(Math.random() * 0x3fffffff),
        filename: from.file,
        position: from.position,
        includeEvents: ['rotate', 'tablemap', 'writerows', 'updaterows', 'deleterows'],
        includeSchema: { [database]: [...tables, until] },
      });
    });
  } finally {
    const stopped = new Promise<void>((resolve) => zongji.once('stopped', resolve));
    zongji.stop();
    await stopped;
  }
  return images;
}

function imagesOf(kind: string, row: RowsEvent['rows'][number]): ZongjiImage[] {
  if (kind !== 'UpdateRows') return [{ isBefore: kind === 'DeleteRows', row }];
  const { before, after } = row as { readonly before: Row; readonly after: Row };
  return [
    { isBefore: true, row: before },
    { isBefore: false, row: after },
  ];
}
