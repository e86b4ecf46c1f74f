import { DucktailError, type ErrorCode } from '../common/errors.js';

/** By what an error is counted. */
export function codeOf(error: unknown): ErrorCode | 'bug' {
  return error instanceof DucktailError ? error.code : 'bug';
}
