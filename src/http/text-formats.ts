import { errorMessage } from '../common/errors.js';
import type { Freshness } from '../state/freshness.js';
import type { LiveResult } from '../target/live-reader.js';

/** A result as it is sent, in pieces of one chunk of rows each. */
export type Pieces = AsyncGenerator<string | Uint8Array>;

/** `{columns, freshness, rows, error}`; what failed after the beginning is told at the end. */
export async function* jsonPieces(result: LiveResult, freshness: Freshness): Pieces {
  const { columns } = result;
  yield `{"columns":${JSON.stringify(columns)},"freshness":${JSON.stringify(freshness)},"rows":[`;
  const write = rowWriter(result);
  let separator = '';
  try {
    for await (const rows of result.rows()) {
      yield separator + rows.map(write).join(',');
      separator = ',';
    }
  } catch (error) {
    yield `],"error":${JSON.stringify(errorMessage(error))}}\n`;
    throw error;
  }
  yield '],"error":null}\n';
}

/** An object a line. */
export async function* ndjsonPieces(result: LiveResult): Pieces {
  const write = rowWriter(result);
  for await (const rows of result.rows()) yield rows.map((row) => `${write(row)}\n`).join('');
}

/** RFC 4180, with a header; NULL is nothing, and an empty text "". */
export async function* csvPieces(result: LiveResult): Pieces {
  yield `${result.columns.map(({ name }) => csvText(name)).join(',')}\r\n`;
  for await (const rows of result.rows()) {
    yield rows.map((row) => `${row.map(csvValue).join(',')}\r\n`).join('');
  }
}

/** By hand, because a column can be called __proto__. */
function rowWriter({ columns }: LiveResult): (row: readonly unknown[]) => string {
  const keys = columns.map(({ name }, at) => `${at === 0 ? '' : ','}${JSON.stringify(name)}:`);
  return (row) => {
    let text = '{';
    for (let at = 0; at < keys.length; at++) text += keys[at] + jsonText(row[at]);
    return `${text}}`;
  };
}

/** JSON.stringify takes the sign from a zero. */
function jsonText(value: unknown): string {
  if (value === 0 && Object.is(value, -0)) return '-0';
  if (Array.isArray(value) && value.some((element) => Object.is(element, -0))) {
    return `[${value.map(jsonText).join(',')}]`;
  }
  return JSON.stringify(value);
}

function csvValue(value: unknown): string {
  if (value === null) return '';
  if (typeof value === 'string') return csvText(value);
  return csvText(jsonText(value));
}

function csvText(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
