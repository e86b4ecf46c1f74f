/**
 * zongji as its documentation shows it: an event per row event, with rows as objects, which are
 * counted. Prints its result as JSON. Arguments: the server's URL, both ends of the range as JSON.
 */
import ZongJi from '@vlasky/zongji';
import type { BinlogPlace } from './cdc-source.js';
import { cpuSecondsSince, type DrainedRows } from './drained-rows.js';

const SERVER_ID = 4_000_000_002;
const ROW_EVENTS = ['WriteRows', 'UpdateRows', 'DeleteRows'];

const [url, from, to] = process.argv.slice(2);
const start = JSON.parse(from) as BinlogPlace;
const end = JSON.parse(to) as BinlogPlace;
const { hostname, port, username, password } = new URL(url);

process.stdout.write(JSON.stringify(await drain()));
process.exit();

async function drain(): Promise<DrainedRows> {
  let cpu = process.cpuUsage();
  let since = performance.now();
  const zongji = new ZongJi({
    host: hostname,
    port: Number(port),
    user: username,
    password: decodeURIComponent(password),
    // As Ducktail has to have them: not rounded to milliseconds.
    dateStrings: true,
  });
  let rows = 0;
  await new Promise<void>((resolve, reject) => {
    zongji.on('error', reject);
    zongji.on('ready', () => {
      cpu = process.cpuUsage();
      since = performance.now();
    });
    zongji.on('binlog', (event) => {
      const name = event.getTypeName();
      if (ROW_EVENTS.includes(name)) rows += (event as unknown as { rows: unknown[] }).rows.length;
      else if (name === 'Xid' && event.nextPosition >= end.position) resolve();
    });
    zongji.start({
      serverId: SERVER_ID,
      filename: start.file,
      position: start.position,
      includeEvents: ['rotate', 'tablemap', 'writerows', 'updaterows', 'deleterows', 'xid'],
    });
  });
  const seconds = (performance.now() - since) / 1000;
  return { rows, seconds, decodeCpuSeconds: cpuSecondsSince(cpu) };
}
