/**
 * Ours: reads a range of the binlog through the thread that decodes it into column batches, which are
 * discarded as they come. Prints its result as JSON. Arguments: the database's URL, both ends of the
 * range as JSON.
 */
import { parseMysqlUrl } from '../config/mysql-url.js';
import { planTable } from '../src/model/column-plan.js';
import type { MysqlEndpoint } from '../src/model/mysql-endpoint.js';
import type { StreamedTable } from '../src/source/binlog-protocol.js';
import { BinlogStream } from '../src/source/binlog-stream.js';
import { readCatalog } from '../src/source/catalog.js';
import { openSession } from '../src/source/connect.js';
import type { BinlogPlace } from './cdc-source.js';
import { cpuSecondsSince, type DrainedRows } from './drained-rows.js';

const SERVER_ID = 4_000_000_001;
const LIMITS = { batchMs: 100, batchRows: 50_000, batchBytes: 16 * 2 ** 20 };

const [url, from, to] = process.argv.slice(2);
const { endpoint, problems } = parseMysqlUrl(url);
if (endpoint === null) throw new Error(`the URL ${problems.join(', ')}`);
const result = await drain(
  endpoint,
  JSON.parse(from) as BinlogPlace,
  JSON.parse(to) as BinlogPlace,
);
process.stdout.write(JSON.stringify(result));

async function drain(
  source: MysqlEndpoint,
  start: BinlogPlace,
  end: BinlogPlace,
): Promise<DrainedRows> {
  const tables = await streamedTables(source);
  const stop = new AbortController();
  await using stream = await BinlogStream.open(
    { endpoint: source, serverId: SERVER_ID, from: start, tables, limits: LIMITS },
    stop.signal,
  );
  const cpu = process.cpuUsage();
  const since = performance.now();
  let rows = 0;
  for await (const message of stream) {
    switch (message.kind) {
      case 'rows':
        stream.recycle(message.batch);
        break;
      case 'portion':
        stream.applied();
        break;
      case 'commit':
        rows += message.rows;
        stream.applied();
        if (message.checkpoint.position >= end.position) {
          const seconds = (performance.now() - since) / 1000;
          return { rows, seconds, decodeCpuSeconds: cpuSecondsSince(cpu) };
        }
        break;
      case 'keepalive':
        break;
      default:
        throw new Error(`the stream says ${message.kind}`);
    }
  }
  throw new Error('the stream ended');
}

async function streamedTables(source: MysqlEndpoint): Promise<StreamedTable[]> {
  await using session = await openSession(source);
  const types = { tinyint1As: 'boolean', timeAs: 'time', timestampAs: 'timestamp' } as const;
  const schemas = await readCatalog(session, source.database);
  return schemas.map((schema, id) => ({
    id,
    plan: planTable(schema, types),
    after: null,
    referenced: [],
    isRelated: false,
  }));
}
