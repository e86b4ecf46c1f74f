import { badRow } from '../target/client-append.js';

export type RowReader = (line: number, text: string) => (string | null)[];

/**
 * Reads a line: an array with a value for each column, an object by their names (what it does not
 * name is NULL), or `{"rv": […]}` as ducktape's clients send it.
 */
export function rowReader(columns: readonly { readonly name: string }[]): RowReader {
  const positions = new Map(columns.map(({ name }, at) => [name, at]));
  const wrapsRows = !positions.has('rv');
  return (line, text) => {
    let row = parseLine(line, text);
    if (wrapsRows && !Array.isArray(row) && Array.isArray(row.rv)) row = row.rv as unknown[];
    if (Array.isArray(row)) {
      if (row.length !== columns.length) {
        throw badRow(line, `it has ${row.length} values, and the table ${columns.length} columns`);
      }
      return row.map((value) => textOf(line, value));
    }
    const texts = new Array<string | null>(columns.length).fill(null);
    for (const [name, value] of Object.entries(row)) {
      const at = positions.get(name);
      if (at === undefined) throw badRow(line, `the table has no column ${JSON.stringify(name)}`);
      texts[at] = textOf(line, value);
    }
    return texts;
  };
}

function parseLine(line: number, text: string): unknown[] | Record<string, unknown> {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    throw badRow(line, 'it is no JSON');
  }
  if (typeof row === 'object' && row !== null) return row as unknown[] | Record<string, unknown>;
  throw badRow(line, 'it is neither an array nor an object');
}

function textOf(line: number, value: unknown): string | null {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number') {
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      throw badRow(line, 'it has a number beyond 2^53, which is not exact in JSON: send a string');
    }
    return String(value);
  }
  return JSON.stringify(value);
}
