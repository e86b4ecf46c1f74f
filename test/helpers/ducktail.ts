import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../../bin/ducktail.js', import.meta.url));
const DEFAULT_TIMEOUT_MS = 120_000;

export interface DucktailRun {
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Stdout as the JSON document that `--json` promises; throws where it is none. */
  json<Document>(): Document;
}

export interface DucktailOptions {
  /** Killed with SIGKILL after this. */
  readonly timeoutMs?: number;
  /** Another entry point than `bin/ducktail.js`. */
  readonly program?: string;
}

/**
 * Runs the real program with exactly the given variables (and PATH): nothing of a developer's own
 * settings reaches it. Resolves when it has ended.
 */
export async function runDucktail(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { timeoutMs = DEFAULT_TIMEOUT_MS, program = PROGRAM }: DucktailOptions = {},
): Promise<DucktailRun> {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Tests that run at the same time would have one port between them.
    env: { PATH: process.env.PATH, HTTP_ENABLED: 'false', ...env },
    // Away from a developer's own .env file.
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  const [exitCode, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return {
    exitCode,
    signal,
    ...output,
    json<Document>(): Document {
      try {
        return JSON.parse(output.stdout) as Document;
      } catch (error) {
        throw new Error(`no JSON on stdout: ${output.stdout}\n${output.stderr}`, { cause: error });
      }
    },
  };
}
