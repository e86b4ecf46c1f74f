/** Runs a command and keeps its exit code. */
export type Run = (json: boolean, command: () => Promise<number>) => Promise<void>;

export interface JsonOption {
  readonly json?: true;
}

export const JSON_HELP = 'print one JSON document on stdout and nothing else there';
