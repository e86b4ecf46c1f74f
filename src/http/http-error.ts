import { DucktailError, type ErrorCode } from '../common/errors.js';

interface Details {
  readonly hint?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer other than what was asked for. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly hint: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly status: number,
    message: string,
    { hint, headers = {} }: Details = {},
  ) {
    super(message);
    this.hint = hint;
    this.headers = headers;
  }
}

/** What errors of the service's own say about the request; others are the service's own fault. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  'query-failed': 400,
  aborted: 503,
  'query-limit': 422,
  'queue-full': 503,
  'target-memory': 503,
  'target-full': 507,
};

/** As a client is to see it; null: a defect, of which it is told no more. */
export function toHttpError(error: unknown): HttpError | null {
  if (error instanceof HttpError) return error;
  if (error instanceof DucktailError) {
    const status = STATUS[error.code];
    if (status === undefined) return null;
    const headers = status === 503 ? { 'retry-after': '1' } : {};
    return new HttpError(status, error.message, { hint: error.hint, headers });
  }
  return null;
}
