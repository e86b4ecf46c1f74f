import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DucktailError } from '../common/errors.js';
import { ProtectedTables } from '../state/protected-tables.js';
import { ClientAppend } from '../target/client-append.js';
import type { Database } from '../target/database.js';
import { LiveReader } from '../target/live-reader.js';
import { HttpError } from './http-error.js';
import type { HttpPlugin } from './http-server.js';
import { NdjsonLines } from './ndjson-lines.js';
import { NdjsonRows } from './ndjson-rows.js';
import type { QueryGovernor } from './query-governor.js';

/** Streams at once; each has a stage of its own. */
const MAX_APPENDS = 32;

const BODY_TYPES = ['application/x-ndjson', 'application/jsonl', 'application/octet-stream'];

const ROWS = { schema: { type: 'string', description: 'NDJSON' } };

const DOCUMENT = {
  body: { content: Object.fromEntries(BODY_TYPES.map((type) => [type, ROWS])) },
  headers: {
    'x-duckdb-database': { type: 'string', description: "DuckDB's name of the replica" },
    'x-duckdb-schema': { type: 'string', default: 'main' },
    'x-duckdb-table': { type: 'string', description: 'Where the path does not name the table' },
  },
};

export interface AppendedReplica {
  readonly database: Database;
  readonly governor: QueryGovernor;
  /** What the rows of a stream may take until they are committed. */
  readonly stageBytes: number;
}

interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** `/api/append/:table`: a stream of rows into a table that is not replicated, whole or not at all. */
export function appendRoutes(replica: AppendedReplica): HttpPlugin {
  let running = 0;
  const answer = async (request: FastifyRequest): Promise<object> => {
    if (running >= MAX_APPENDS) {
      throw new DucktailError('queue-full', `${MAX_APPENDS} streams are being appended already`, {
        hint: 'Try again when one of them has ended.',
      });
    }
    running++;
    try {
      const work = (): Promise<number> => append(replica, request);
      const rowsAppended = await replica.database.clientWriters.run(request.ended, work);
      return { rowsAppended, error: null };
    } finally {
      running--;
    }
  };
  return (app) => {
    takeBodiesAsStreams(app);
    for (const url of ['/api/append', '/api/append/:table']) {
      app.post(
        url,
        {
          config: { role: 'writer', readsBody: true, document: DOCUMENT },
          bodyLimit: Number.MAX_SAFE_INTEGER,
          schema: {
            summary: 'Appends a stream of rows to a table that is not replicated',
            description:
              'NDJSON: an array with a value for each column or an object by their names, one a ' +
              'line. All rows or none; the error names the first bad line. The schema is main, or ' +
              'as the header X-DuckDB-Schema says; the table may be named by X-DuckDB-Table.',
            response: {
              200: {
                description: 'All rows are in the table',
                type: 'object',
                properties: { rowsAppended: { type: 'integer' }, error: { type: 'null' } },
              },
            },
          },
        },
        answer,
      );
    }
  };
}

function takeBodiesAsStreams(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(BODY_TYPES, (_request, body, done) => {
    done(null, body);
  });
}

async function append(
  { database, governor, stageBytes }: AppendedReplica,
  request: FastifyRequest,
): Promise<number> {
  const { ended } = request;
  const name = tableName(request, database.catalog);
  await requireOwnTable(database, name, ended);
  await using stage = await ClientAppend.open(database, name.schema, name.table);
  const rows = new NdjsonRows(stage.columns, stage.rows);
  const lines = new NdjsonLines((line, bytes, from, to) => rows.read(line, bytes, from, to));
  for await (const piece of request.body as AsyncIterable<Buffer>) {
    lines.take(piece);
    if (stage.bytes > stageBytes) throw tooLarge(stageBytes);
    ended.throwIfAborted();
  }
  lines.end();
  await governor.run({ text: `append to ${name.schema}.${name.table}` }, ended, async (signal) => {
    // It may have become Ducktail's while its rows came.
    await requireOwnTable(database, name, signal);
    await stage.publish(signal);
  });
  return stage.rows.count;
}

function tableName({ params, headers }: FastifyRequest, catalog: string): TableName {
  const named = header(headers['x-duckdb-database']) ?? catalog;
  if (named.toLowerCase() !== catalog.toLowerCase()) {
    throw new HttpError(400, `the database is ${catalog}, and X-DuckDB-Database names another one`);
  }
  const { table = header(headers['x-duckdb-table']) } = params as { table?: string };
  if (table === undefined || table === '') throw new HttpError(400, 'the table is not named');
  return { schema: header(headers['x-duckdb-schema']) ?? 'main', table };
}

function header(value: string | string[] | undefined): string | undefined {
  return value === '' || Array.isArray(value) ? undefined : value;
}

async function requireOwnTable(
  database: Database,
  name: TableName,
  signal: AbortSignal,
): Promise<void> {
  const tables = await LiveReader.use(database, signal, (reader) =>
    ProtectedTables.read((sql) => reader.rows(sql)),
  );
  if (!tables.has(name)) return;
  throw new DucktailError(
    'query-failed',
    `${name.schema}.${name.table} is replicated, or holds Ducktail's state`,
    { hint: 'Append to a table of your own.' },
  );
}

function tooLarge(bytes: number): DucktailError {
  return new DucktailError(
    'query-limit',
    `the rows take more than ${Math.round(bytes / 1e6)} MB, and nothing of them was kept`,
    { hint: 'Send them in several streams, or have QUERY_TEMP_LIMIT raised.' },
  );
}
