import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { DucktailError, errorMessage } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { Freshness } from '../state/freshness.js';
import type { Database } from '../target/database.js';
import { LiveReader } from '../target/live-reader.js';
import type { ParameterValue } from '../target/parameters.js';
import { breakOff } from './break-off.js';
import { FreshnessStamp } from './freshness-stamp.js';
import type { HttpPlugin } from './http-server.js';
import { chooseFormat, RESULT_FORMATS, type ResultFormat } from './media-types.js';
import { answerOf } from './openapi.js';
import type { QueryGovernor } from './query-governor.js';
import { resultSchema, statementSchema } from './schemas.js';
import { csvPieces, jsonPieces, ndjsonPieces, type Pieces } from './text-formats.js';

/** A result up to this size is sent at once, with its length. */
const WHOLE_BYTES = 64 * 1024;
/** A longer stamp goes into the body alone: clients bound the headers that they take. */
const HEADER_BYTES = 6 * 1024;

const DESCRIPTION =
  'The form of the result is chosen by Accept. In JSON, NDJSON and CSV, BIGINT, UBIGINT, HUGEINT, ' +
  'DECIMAL, dates, times, UUIDs and BLOBs (bytes beyond ASCII, quotes and backslashes as \\xNN) are ' +
  'texts, and so are NaN and infinities; GEOMETRY is its WKB as a BLOB, INTERVAL {months, days, micros}. The header ' +
  'Ducktail-Freshness (and `freshness` in JSON) says up to which position of the source the answer ' +
  'is complete. A result that breaks off is not whole: its connection or stream ends with an error.';

const BYTES = { type: 'string', format: 'binary' } as const;

const RESULT = {
  ...answerOf('The rows, in the form that Accept likes best', {
    [RESULT_FORMATS.json]: resultSchema,
    [RESULT_FORMATS.ndjson]: { type: 'string', description: 'An object a line' },
    [RESULT_FORMATS.csv]: { type: 'string', description: 'RFC 4180, with a header' },
    [RESULT_FORMATS.arrow]: BYTES,
    [RESULT_FORMATS.parquet]: BYTES,
  }),
  headers: {
    'ducktail-freshness': {
      type: 'string',
      description: 'The same as `freshness`, as JSON; left out where it is longer than 6 KB',
    },
  },
};

export interface QueriedReplica {
  readonly database: Database;
  readonly targetSchema: string;
  readonly governor: QueryGovernor;
  readonly logger: Logger;
  /** Where results are written that are sent as files; nobody else's. */
  readonly exportFolder: string;
  /** The largest result that is sent. */
  readonly resultBytes: number;
}

interface QueryBody {
  readonly query: string;
  readonly args?: readonly ParameterValue[] | null;
}

/** `/api/query`: one statement that reads, answered as of one instant. */
export function queryRoutes(replica: QueriedReplica): HttpPlugin {
  const stamp = new FreshnessStamp(replica.database, replica.targetSchema);
  return (app) => {
    app.post<{ Body: QueryBody }>(
      '/api/query',
      {
        config: { role: 'reader', document: { answers: { 200: RESULT } } },
        schema: {
          summary: 'Answers one SELECT',
          description: DESCRIPTION,
          body: statementSchema,
        },
      },
      async (request, reply) => {
        const format = chooseFormat(request.headers.accept);
        const { query, args } = request.body;
        await replica.governor.run({ text: query }, request.ended, (running) => {
          const readStamp = stamp.begin();
          return LiveReader.use(replica.database, running, async (reader, signal) => {
            const question = { query, args: args ?? [], format };
            const { freshness, pieces } = await open(reader, question, readStamp, replica);
            await send({ reply, format, freshness, pieces, signal, replica });
          });
        });
        return reply;
      },
    );
  };
}

interface Answer {
  readonly reply: FastifyReply;
  readonly format: ResultFormat;
  readonly freshness: Freshness;
  readonly pieces: Pieces;
  readonly signal: AbortSignal;
  readonly replica: QueriedReplica;
}

/** Resolves when everything is read and taken, though perhaps still on its way. */
async function send(answer: Answer): Promise<void> {
  const { reply, format, freshness, signal, replica } = answer;
  const stamp = JSON.stringify(freshness);
  reply.header('content-type', RESULT_FORMATS[format]);
  reply.header('vary', 'accept');
  if (stamp.length <= HEADER_BYTES) reply.header('ducktail-freshness', asciiJson(stamp));
  const pieces = bounded(answer.pieces, replica.resultBytes);
  const beginning: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const next = await pieces.next();
    if (next.done === true) {
      await reply.send(Buffer.concat(beginning));
      return;
    }
    beginning.push(next.value);
    bytes += next.value.length;
    if (bytes > WHOLE_BYTES) break;
  }
  signal.throwIfAborted();
  await stream(answer, beginning, pieces);
}

interface Question {
  readonly query: string;
  readonly args: readonly ParameterValue[];
  readonly format: ResultFormat;
}

async function open(
  reader: LiveReader,
  { query, args, format }: Question,
  readStamp: (reader: LiveReader) => Promise<Freshness>,
  { exportFolder }: QueriedReplica,
): Promise<{ readonly freshness: Freshness; readonly pieces: Pieces }> {
  let freshness!: Freshness;
  const onSnapshot = async (): Promise<void> => {
    freshness = await readStamp(reader);
  };
  const answer = async (): Promise<Pieces> => {
    switch (format) {
      case 'json':
        return jsonPieces(await reader.query(query, args, onSnapshot), freshness);
      case 'ndjson':
        return ndjsonPieces(await reader.query(query, args, onSnapshot));
      case 'csv':
        return csvPieces(await reader.query(query, args, onSnapshot));
      case 'arrow':
        return (await reader.arrowQuery(query, args, onSnapshot)).arrow();
      case 'parquet':
        return filePieces(await reader.parquet(query, args, exportFolder, onSnapshot));
    }
  };
  const pieces = await answer();
  return { freshness, pieces };
}

/** The file is gone afterwards. */
async function* filePieces(file: string): Pieces {
  try {
    for await (const piece of createReadStream(file)) yield piece as Buffer;
  } finally {
    await rm(file, { force: true });
  }
}

/** What fails from here on breaks the answer off: only a whole one comes to its proper end. */
async function stream(
  { reply, signal, replica: { logger } }: Answer,
  beginning: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
): Promise<void> {
  const body = Readable.from(
    (async function* () {
      yield* beginning;
      yield* rest;
    })(),
    { objectMode: false, highWaterMark: WHOLE_BYTES },
  );
  const abandon = (): void => {
    breakOff(reply.raw);
    body.destroy(signal.reason as Error);
  };
  signal.addEventListener('abort', abandon, { once: true });
  const closed = once(body, 'close');
  // Fastify ends the answer with it, as if it were whole.
  body.on('error', () => breakOff(reply.raw));
  void reply.send(body);
  try {
    await closed;
  } catch (error) {
    logger.warn(`the result of a query broke off: ${errorMessage(error)}`);
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}

async function* bounded(pieces: Pieces, limitBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of pieces) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece;
    bytes += chunk.length;
    if (bytes > limitBytes) throw tooLarge(limitBytes);
    yield chunk;
  }
}

function tooLarge(limitBytes: number): DucktailError {
  return new DucktailError(
    'query-limit',
    `the result is larger than ${Math.round(limitBytes / 1e6)} MB`,
    { hint: 'Ask for less, or have QUERY_RESULT_LIMIT raised.' },
  );
}

/** Headers take no other characters. */
function asciiJson(json: string): string {
  return json.replaceAll(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
