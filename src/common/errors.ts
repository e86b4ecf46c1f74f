/**
 * The class of an error decides the recovery, and one place executes it. Drivers' own errors are
 * translated in one file per driver (`source/errors.ts`, `target/errors.ts`).
 */
export type ErrorCode =
  /** Bad usage, environment or URL: nothing was tried. Exit 2. */
  | 'configuration'
  /** The source answers, but a grant, a setting or an object is missing: stop, with the remedy. */
  | 'source-unsuitable'
  /** The source does not answer or the connection broke: worth another attempt on new connections. */
  | 'source-unavailable'
  /** The source's binlog no longer leads on from the replica's position: copy what is affected again. */
  | 'history-lost'
  /** The table's definition changed, or it went away, while it was read: start that table over. */
  | 'table-changed'
  /** This one table can't be copied; the others go on. */
  | 'table-failed'
  /** A table that can't be followed: it has no watermark column or no key, and is too large to be copied again. */
  | 'no-watermark'
  /** The table can't be brought up to date by its watermark, but by a full sync. */
  | 'needs-full-sync'
  /** Another process holds the DuckDB file. */
  | 'target-busy'
  /** The disk under the DuckDB file is full. */
  | 'target-full'
  /** What DuckDB was to hold at once is more than its memory limit. */
  | 'target-memory'
  /** The DuckDB file can't be opened, read or written. */
  | 'target-failed'
  /** The folder or bucket of backups can't be read or written. */
  | 'storage-failed'
  /** A backup is not what was made, not all of it, or made under another key. */
  | 'backup-damaged'
  /** A reader thread ended without saying why. */
  | 'worker-lost'
  /** The service that carried a command out went away. */
  | 'service-lost'
  /** The operator asked for a stop. */
  | 'aborted'
  /** The user's own SQL was wrong. */
  | 'query-failed'
  /** A client's query took more than it may: time, memory or a large result. */
  | 'query-limit'
  /** More clients wait for their query than may. */
  | 'queue-full';

export interface ErrorDetails {
  /** What the operator can do about it: a sentence, a setting, or SQL to paste. */
  readonly hint?: string | undefined;
  /** The source table concerned, as `name` or `schema.name`. */
  readonly table?: string | undefined;
  readonly cause?: unknown;
}

/** An error that speaks to the operator: what happened and where (message), what to do (hint). */
export class DucktailError extends Error {
  override readonly name = 'DucktailError';
  readonly hint: string | undefined;
  readonly table: string | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.hint = details.hint;
    this.table = details.table;
  }
}

export function hasCode(error: unknown, code: ErrorCode): error is DucktailError {
  return error instanceof DucktailError && error.code === code;
}

/** What of an error crosses a thread boundary. */
export interface SerializedError {
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly hint: string | undefined;
  readonly table: string | undefined;
  readonly stack: string | undefined;
}

export function serializeError(error: unknown): SerializedError {
  const known = error instanceof DucktailError ? error : null;
  return {
    code: known?.code ?? null,
    message: errorMessage(error),
    hint: known?.hint,
    table: known?.table,
    stack: error instanceof Error ? error.stack : undefined,
  };
}

/** The other half of `serializeError`: a `DucktailError` again, or a plain Error (a bug) with its stack. */
export function deserializeError(serialized: SerializedError): Error {
  const { code, message, hint, table, stack } = serialized;
  const error =
    code === null ? new Error(message) : new DucktailError(code, message, { hint, table });
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** What was thrown, as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
