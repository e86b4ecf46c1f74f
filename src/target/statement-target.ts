/** `name`, `"na""me"`; nothing that DuckDB would read otherwise. */
const NAME = String.raw`(?:[A-Za-z_][A-Za-z0-9_]*|"(?:[^"]|"")+")`;
const BLANK = String.raw`[ \t\r\n]+`;
const QUALIFIED = String.raw`(${NAME}(?:\.${NAME}){0,2})`;

/** What follows the name: nothing that could belong to it. */
const END = String.raw`(?=[ \t\r\n]*(?:$|;|\(|[ \t\r\n][A-Za-z"\[]))`;

const FORMS = [
  `INSERT${BLANK}(?:OR${BLANK}(?:REPLACE|IGNORE)${BLANK})?INTO`,
  'UPDATE',
  `DELETE${BLANK}FROM`,
  `MERGE${BLANK}INTO`,
  `TRUNCATE(?:${BLANK}TABLE)?`,
].map((form) => new RegExp(`^[ \\t\\r\\n]*${form}${BLANK}${QUALIFIED}${END}`, 'i'));

/**
 * The parts of the name of the table that a statement changes; null where it does not begin in the
 * plain way: DuckDB tells nobody which table a statement changes, so it has to be plain to see.
 */
export function changedTable(sql: string): readonly string[] | null {
  for (const form of FORMS) {
    const found = form.exec(sql)?.[1];
    if (found === undefined) continue;
    const parts = found.match(new RegExp(NAME, 'g'))!;
    // `DELETE FROM ONLY orders` changes `orders`; only in quotes it is a name.
    return parts[0].toUpperCase() === 'ONLY' ? null : parts.map(unquote);
  }
  return null;
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
