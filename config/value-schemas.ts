import { Cron } from 'croner';
import * as v from 'valibot';
import { isBackupPlace } from '../src/common/backup-place.js';
import { errorMessage } from '../src/common/errors.js';
import { API_ROLES, type ApiRole, type ApiToken } from '../src/model/api-token.js';
import { parseWatermarkRule, type WatermarkRule } from '../src/model/watermark-rule.js';

/** From the text of a set variable to its value. */
export type ValueSchema<Value> = v.GenericSchema<string, Value>;

/**
 * Schemas from a variable's text to its value. Their messages complete the sentence
 * `<VARIABLE> <message>`, and quote what was given: none of them is for secrets.
 */

/** A whole number within bounds, in plain digits. */
export function wholeNumber(bounds: { min: number; max: number }): ValueSchema<number> {
  return v.pipe(
    v.string(),
    v.rawTransform(({ dataset: { value: text }, addIssue, NEVER }) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : null;
      if (value !== null && value >= bounds.min && value <= bounds.max) return value;
      addIssue({
        message:
          value === null
            ? `is '${text}', which is not a whole number in plain digits`
            : `is ${text}; it must be from ${bounds.min} to ${bounds.max}`,
      });
      return NEVER;
    }),
  );
}

/** One of the given words, in lower case. */
export function oneOf<const Word extends string>(words: readonly Word[]): ValueSchema<Word> {
  return v.pipe(
    v.string(),
    v.rawTransform(({ dataset: { value: text }, addIssue, NEVER }) => {
      const word = words.find((candidate) => candidate === text.toLowerCase());
      if (word !== undefined) return word;
      addIssue({ message: `is '${text}'; it must be one of ${words.join(', ')}` });
      return NEVER;
    }),
  );
}

/** Names or globs between commas; blanks around them and empty entries don't count. */
export const commaList: ValueSchema<readonly string[]> = v.pipe(
  v.string(),
  v.transform((text) => {
    const entries = text.split(',').map((entry) => entry.trim());
    return [...new Set(entries.filter((entry) => entry !== ''))];
  }),
);

/** Entries `table.column` between commas, `*` in the table's name. */
export const watermarkList: ValueSchema<readonly WatermarkRule[]> = v.pipe(
  commaList,
  v.rawTransform(({ dataset: { value: entries }, addIssue }) =>
    entries.flatMap((entry) => {
      const rule = parseWatermarkRule(entry);
      if (rule === null) addIssue({ message: `has '${entry}', which is not table.column` });
      return rule === null ? [] : [rule];
    }),
  ),
);

const TOKEN_FORM = 'name:role:sha256, the last in 64 hex digits';

/** Entries `name:role:sha256` between commas. Quotes nothing of them: they are a secret. */
export const tokenList: ValueSchema<readonly ApiToken[]> = v.pipe(
  commaList,
  v.rawTransform(({ dataset: { value: entries }, addIssue }) => {
    const tokens: ApiToken[] = [];
    for (const [at, entry] of entries.entries()) {
      const [name, role, digest, ...more] = entry.split(':').map((part) => part.trim());
      const isRight = /^[\w.-]+$/.test(name) && /^[0-9a-f]{64}$/i.test(digest ?? '');
      if (!isRight || more.length > 0) {
        addIssue({ message: `has an entry ${at + 1} that is not ${TOKEN_FORM}` });
      } else if (!isRole(role)) {
        addIssue({ message: `has an entry ${at + 1} whose role is not ${API_ROLES.join(', ')}` });
      } else if (tokens.some((token) => token.name === name)) {
        addIssue({ message: `has an entry ${at + 1} with the name of an earlier one` });
      } else if (tokens.some((token) => Buffer.from(digest, 'hex').equals(token.digest))) {
        addIssue({ message: `has an entry ${at + 1} with the token of an earlier one` });
      } else {
        tokens.push({ name, role, digest: Buffer.from(digest, 'hex') });
      }
    }
    return tokens;
  }),
);

function isRole(text: string | undefined): text is ApiRole {
  return API_ROLES.some((role) => role === text);
}

/** A cron expression of five fields, or six with seconds; kept as text. */
export const cronExpression: ValueSchema<string> = v.pipe(
  v.string(),
  v.rawTransform(({ dataset: { value: text }, addIssue, NEVER }) => {
    const problem = cronProblem(text);
    if (problem === null) return text;
    addIssue({ message: `is '${text}', ${problem}` });
    return NEVER;
  }),
);

function cronProblem(text: string): string | null {
  const none = 'which is no cron expression';
  // A date would be taken, too.
  if (!/^@\w+$/.test(text) && ![5, 6].includes(text.split(/\s+/).length)) return none;
  try {
    const next = new Cron(text, { paused: true }).nextRun();
    return next === null ? 'a time that never comes' : null;
  } catch (error) {
    return `${none} (${errorMessage(error).replace(/^CronPattern: /, '')})`;
  }
}

const MEMORY_SIZE = /^(\d+(?:\.\d+)?) ?(?:[KMGT]i?B)$/i;

/** A size in DuckDB's notation, such as `256MB` or `1.5 GiB`; kept as text. */
export const memorySize: ValueSchema<string> = v.pipe(
  v.string(),
  v.rawTransform(({ dataset: { value: text }, addIssue, NEVER }) => {
    const match = MEMORY_SIZE.exec(text);
    if (match !== null && Number(match[1]) > 0) return text;
    addIssue({ message: `is '${text}'; it must be a size such as 256MB or 1GiB` });
    return NEVER;
  }),
);

/** A folder, or `s3://bucket/path`. */
export const backupPlace: ValueSchema<string> = v.pipe(
  v.string(),
  v.check(isBackupPlace, 'must be a folder or s3://bucket/path'),
);

/** A file, not DuckDB's `:memory:`, which would be gone when the command ends. */
export const filePath: ValueSchema<string> = v.pipe(
  v.string(),
  v.rawTransform(({ dataset: { value: text }, addIssue, NEVER }) => {
    if (text.toLowerCase().startsWith(':memory:')) {
      addIssue({
        message: 'must be a file: a replica in memory would be gone when the command ends',
      });
      return NEVER;
    }
    // DuckDB calls the database what the file is called, and could not tell the two apart.
    if (/(^|[/\\])_ducktail(\.[^/\\]*)?$/i.test(text)) {
      addIssue({ message: "can't be called _ducktail, as the schema of Ducktail's state is" });
      return NEVER;
    }
    return text;
  }),
);

/** 32 bytes in hex. The message must not quote what was given. */
export const secretKey: ValueSchema<Buffer> = v.pipe(
  v.string(),
  v.rawTransform(({ dataset: { value: text }, addIssue, NEVER }) => {
    if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
    addIssue({ message: 'must be 32 bytes in hex: what `openssl rand -hex 32` prints' });
    return NEVER;
  }),
);

/**
 * DuckDB 1.5 reads encrypted files, but its own cryptography does not write them safely: that takes
 * the extension httpfs, which its Node package has not. A replica that is not encrypted must not be
 * taken for one that is.
 */
export const noEncryption: ValueSchema<null> = v.pipe(
  v.string(),
  v.rawTransform(({ addIssue, NEVER }) => {
    addIssue({
      message:
        'is set, but this build of DuckDB writes no encrypted files: unset it, and keep the replica ' +
        'on an encrypted file system (LUKS, an encrypted volume); BACKUP_ENCRYPTION_KEY encrypts ' +
        'backups',
    });
    return NEVER;
  }),
);

/** Of a server; without a password, which would be printed. */
export const webUrl: ValueSchema<string> = v.pipe(
  v.string(),
  v.rawTransform(({ dataset: { value: text }, addIssue, NEVER }) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url !== null && /^https?:$/.test(url.protocol) && url.password === '') return text;
    addIssue({ message: 'must be a URL such as https://s3.example.com:9000, without a password' });
    return NEVER;
  }),
);

const RESERVED_SCHEMAS = ['_ducktail', 'information_schema', 'pg_catalog', 'temp', 'system'];

/** A DuckDB schema for user tables: any name that neither DuckDB nor Ducktail keeps for itself. */
export const targetSchema: ValueSchema<string> = v.pipe(
  v.string(),
  v.rawTransform(({ dataset: { value: text }, addIssue, NEVER }) => {
    if (!RESERVED_SCHEMAS.includes(text.toLowerCase())) return text;
    addIssue({ message: `is '${text}', a schema with another use; choose another name` });
    return NEVER;
  }),
);
