import { z } from 'zod';

/**
 * Schemas from a variable's text to its value. Their messages complete the sentence
 * `<VARIABLE> <message>`, and quote what was given: none of them is for secrets.
 */

/** A whole number within bounds, in plain digits. */
export function wholeNumber(bounds: { min: number; max: number }): z.ZodType<number, string> {
  return z.string().transform((text, context) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : null;
    if (value !== null && value >= bounds.min && value <= bounds.max) return value;
    context.addIssue(
      value === null
        ? `is '${text}', which is not a whole number in plain digits`
        : `is ${text}; it must be from ${bounds.min} to ${bounds.max}`,
    );
    return z.NEVER;
  });
}

/** One of the given words, in lower case. */
export function oneOf<const Word extends string>(words: readonly Word[]): z.ZodType<Word, string> {
  return z.string().transform((text, context) => {
    const word = words.find((candidate) => candidate === text.toLowerCase());
    if (word !== undefined) return word;
    context.addIssue(`is '${text}'; it must be one of ${words.join(', ')}`);
    return z.NEVER;
  });
}

/** Names or globs between commas; blanks around them and empty entries don't count. */
export const commaList: z.ZodType<readonly string[], string> = z.string().transform((text) => {
  const entries = text.split(',').map((entry) => entry.trim());
  return [...new Set(entries.filter((entry) => entry !== ''))];
});

const MEMORY_SIZE = /^(\d+(?:\.\d+)?) ?(?:[KMGT]i?B)$/i;

/** A size in DuckDB's notation, such as `256MB` or `1.5 GiB`; kept as text. */
export const memorySize: z.ZodType<string, string> = z.string().transform((text, context) => {
  const match = MEMORY_SIZE.exec(text);
  if (match !== null && Number(match[1]) > 0) return text;
  context.addIssue(`is '${text}'; it must be a size such as 256MB or 1GiB`);
  return z.NEVER;
});

/** A file, not DuckDB's `:memory:`, which would be gone when the command ends. */
export const filePath: z.ZodType<string, string> = z.string().transform((text, context) => {
  if (!text.toLowerCase().startsWith(':memory:')) return text;
  context.addIssue('must be a file: a replica in memory would be gone when the command ends');
  return z.NEVER;
});

const RESERVED_SCHEMAS = ['_ducktail', 'information_schema', 'pg_catalog'];

/** A DuckDB schema for user tables: any name that neither DuckDB nor Ducktail keeps for itself. */
export const targetSchema: z.ZodType<string, string> = z.string().transform((text, context) => {
  if (!RESERVED_SCHEMAS.includes(text.toLowerCase())) return text;
  context.addIssue(`is '${text}', a schema with another use; choose another name`);
  return z.NEVER;
});
