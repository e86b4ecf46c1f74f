import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

const STOP_TIMEOUT_MS = 10_000;
const CHILD_GRACE_MS = 1_000;

export interface NodeRun {
  readonly nodeArguments?: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** 'shown': stderr is ours, with the terminal it may be. 'kept': it is in the result. */
  readonly errorOutput: 'shown' | 'kept';
}

export interface NodeRunResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  /** Empty where it was shown. */
  readonly stderr: string;
  /** From the start of the process to its end. */
  readonly seconds: number;
}

/**
 * A temporary folder and the child processes of one run. All of it is gone when the run ends, by
 * itself, by an error or by a signal.
 */
export class Workspace {
  readonly #children = new Set<ChildProcess>();
  readonly #cleanups: (() => PromiseLike<void>)[] = [];
  #isEnding = false;

  private constructor(readonly folder: string) {
    // For ends that leave no time for anything asynchronous.
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  }

  static async open(name: string): Promise<Workspace> {
    return new Workspace(await mkdtemp(path.join(os.tmpdir(), `${name}-`)));
  }

  /** Has `cleanup` run at the end, the last one first; it must not throw. */
  onEnd(cleanup: () => PromiseLike<void>): void {
    this.#cleanups.unshift(cleanup);
  }

  /**
   * Runs a script by this Node in the workspace's folder and resolves when it has ended, whatever
   * its exit code. Throws when the workspace ends meanwhile.
   */
  async runNode(
    script: string,
    scriptArguments: readonly string[],
    { nodeArguments = [], environment, errorOutput }: NodeRun,
  ): Promise<NodeRunResult> {
    const start = performance.now();
    const child = spawn(process.execPath, [...nodeArguments, script, ...scriptArguments], {
      cwd: this.folder,
      env: environment,
      stdio: ['ignore', 'pipe', errorOutput === 'shown' ? 'inherit' : 'pipe'],
    });
    this.#children.add(child);
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk));
    try {
      await once(child, 'close');
    } finally {
      this.#children.delete(child);
    }
    if (this.#isEnding) throw new Error('the run was stopped');
    return {
      exitCode: child.exitCode,
      stdout: Buffer.concat(output).toString('utf8'),
      stderr: Buffer.concat(errors).toString('utf8'),
      seconds: (performance.now() - start) / 1000,
    };
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#endChildren();
    for (const cleanup of this.#cleanups) await cleanup();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A Ctrl-C in a terminal reaches the children, too: a second signal would cut their stop short. */
  async #endChildren(): Promise<void> {
    const children = [...this.#children];
    const ended = Promise.allSettled(children.map((child) => once(child, 'close')));
    const late = setTimeout(() => {
      for (const child of children) child.kill('SIGTERM');
    }, CHILD_GRACE_MS);
    await ended;
    clearTimeout(late);
  }
}

/**
 * Runs `work` in a workspace as the whole of this process: an error of it becomes one line on stderr
 * and exit code 1, SIGINT and SIGTERM clean up and exit with 130 or 143, and a second one exits at
 * once.
 */
export async function runInWorkspace(
  name: string,
  work: (workspace: Workspace) => Promise<void>,
): Promise<void> {
  const workspace = await Workspace.open(name);
  let stopping = false;
  const stop = (exitCode: number) => {
    if (stopping) process.exit(exitCode);
    stopping = true;
    process.stderr.write('\nStopping …\n');
    setTimeout(() => process.exit(exitCode), STOP_TIMEOUT_MS);
    void workspace
      .end()
      .catch(printError)
      .then(() => process.exit(exitCode));
  };
  process.on('SIGINT', () => stop(130));
  process.on('SIGTERM', () => stop(143));
  try {
    await work(workspace);
  } catch (error) {
    // What fails because of the stop is no news.
    if (stopping) return;
    printError(error);
    process.exitCode = 1;
  }
  if (!stopping) await workspace.end();
}

function printError(error: unknown): void {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
}
