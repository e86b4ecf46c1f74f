import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** After this long the program is killed and the run counts as failed. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 600_000;
const ERROR_OUTPUT_LENGTH = 2000;

/**
 * Runs a program to its end and resolves with what it wrote to stdout. Rejects with an error that
 * holds the end of its output when it cannot start, fails or takes too long.
 */
export async function runCommand(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const [file = '', ...rest] = command;
  const child = spawn(file, rest, {
    stdio: 'pipe',
    cwd: options.folder,
    env: { ...process.env, LC_ALL: 'C', ...options.environment },
  });
  const written: Buffer[] = [];
  const all: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    written.push(chunk);
    all.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => all.push(chunk));
  // A program that ends before it has read its input tells the reason by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  // Not spawn's own timeout: its timer keeps running when the program does not exist.
  const late = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) {
        resolve();
        return;
      }
      const tail = Buffer.concat(all).toString('utf8').trim().slice(-ERROR_OUTPUT_LENGTH);
      reject(new Error(`"${file} ${rest[0] ?? ''}…" ended with ${code ?? signal}: ${tail}`));
    });
  }).finally(() => clearTimeout(late));
  return Buffer.concat(written).toString('utf8');
}
