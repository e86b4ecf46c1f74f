/**
 * (a) The raw drain: all rows of a table over one connection by the binary protocol, discarded as
 * they come. Prints its result as JSON. Arguments: the server's URL, the database.
 */
import { parseMysqlUrl } from '../config/mysql-url.js';
import { openSession, type SourceSession } from '../src/source/connect.js';
import { RowStreamCommand } from '../src/source/rows/row-stream-command.js';
import type { TimedRows } from './timed-rows.js';

const [url = ''] = process.argv.slice(2);
const { endpoint, problems } = parseMysqlUrl(url);
if (endpoint === null) throw new Error(`the URL ${problems.join(', ')}`);
const session = await openSession(endpoint);
process.stdout.write(JSON.stringify(await drain(session)));
await session.close();

async function drain(source: SourceSession): Promise<TimedRows> {
  const statementId = await prepare(source, 'SELECT * FROM items');
  let rows = 0;
  const start = performance.now();
  await new Promise<void>((resolve, reject) => {
    source.protocol.addCommand(
      new RowStreamCommand(
        statementId,
        () => {
          rows += 1;
        },
        (error) => (error === null ? resolve() : reject(error)),
      ),
    );
  });
  return { rows, seconds: (performance.now() - start) / 1000 };
}

function prepare({ protocol }: SourceSession, sql: string): Promise<number> {
  return new Promise((resolve, reject) => {
    protocol.prepare(sql, (error, statement) => {
      if (error) reject(error);
      else resolve((statement as unknown as { id: number }).id);
    });
  });
}
