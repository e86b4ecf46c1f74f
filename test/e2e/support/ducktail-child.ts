import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { DucktailRun } from '../../helpers/ducktail.js';
import { type HookPlan, REACHED, RESUME } from './hook-plan.js';

const ENTRY = fileURLToPath(new URL('./ducktail-with-hooks.js', import.meta.url));
const MAIN = fileURLToPath(new URL('../../../../bin/ducktail.js', import.meta.url));
const TIMEOUT_MS = 120_000;

export interface ChildOptions {
  /** Where something happens; without it, the program as operators have it. */
  readonly plan?: HookPlan;
  /** A command that runs the one behind it, such as a shell that sets limits. */
  readonly launcher?: readonly string[];
  /** Killed with SIGKILL after this. */
  readonly timeoutMs?: number;
}

/** Ducktail as a process of its own that a test meddles with while it runs. */
export class DucktailChild implements AsyncDisposable {
  /** Settles when the process is gone; never rejects. */
  readonly ended: Promise<DucktailRun>;
  private readonly output = { stdout: '', stderr: '' };

  private constructor(private readonly child: ChildProcess) {
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.setEncoding('utf8').on('data', (text: string) => {
        this.output[stream] += text;
      });
    }
    this.ended = this.run();
  }

  static start(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    { plan, launcher = [], timeoutMs = TIMEOUT_MS }: ChildOptions = {},
  ): DucktailChild {
    const program = plan === undefined ? [MAIN] : [ENTRY, JSON.stringify(plan)];
    const [command, ...rest] = [...launcher, process.execPath, ...program, ...args];
    const child = spawn(command, rest, {
      stdio: ['ignore', 'pipe', 'pipe', ...(plan === undefined ? [] : ['ipc' as const])],
      // As bin/ducktail.js has it, which the entry point stands for.
      env: {
        PATH: process.env.PATH,
        // Tests that run at the same time would have one port between them.
        HTTP_ENABLED: 'false',
        UV_THREADPOOL_SIZE: String(availableParallelism() + 24),
        ...env,
      },
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    return new DucktailChild(child);
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the process did not start');
    return this.child.pid;
  }

  get stderr(): string {
    return this.output.stderr;
  }

  /** Resolves when the process waits at its plan's point. */
  async reached(): Promise<void> {
    const word = once(this.child, 'message').then(([message]: unknown[]) => message === REACHED);
    const isThere = await Promise.race([word, this.ended.then(() => false)]);
    if (!isThere) throw new Error(`it ended before the point was reached:\n${this.stderr}`);
  }

  /** Lets a process that waits go on. */
  resume(): void {
    this.child.send(RESUME);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Resolves when the process has written it to stderr. */
  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stderr)) {
      const { stderr } = this.child;
      if (stderr === null) throw new Error('the process has no stderr');
      const more = once(stderr, 'data').then(() => true);
      const isMore = await Promise.race([more, this.ended.then(() => false)]);
      if (!isMore && !pattern.test(this.stderr)) {
        throw new Error(`it ended without saying ${String(pattern)}:\n${this.stderr}`);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  private async run(): Promise<DucktailRun> {
    const [exitCode, signal] = (await once(this.child, 'close')) as [
      number | null,
      NodeJS.Signals | null,
    ];
    const { stdout, stderr } = this.output;
    return {
      exitCode,
      signal,
      stdout,
      stderr,
      json<Document>(): Document {
        return JSON.parse(stdout) as Document;
      },
    };
  }
}
