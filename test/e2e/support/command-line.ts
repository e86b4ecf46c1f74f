import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('./command-server.js', import.meta.url));

export interface CommandRequest {
  readonly id: number;
  readonly args: readonly string[];
}

export interface CommandReply {
  readonly id: number;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The commands of Ducktail, run one after the other in one process of their own. A process apart from
 * the test's: where no service runs, they open the replica's file themselves.
 */
export class CommandLine implements AsyncDisposable {
  private readonly ended: Promise<unknown>;
  private hasEnded = false;
  private requests = 0;
  private last: Promise<unknown> = Promise.resolve();

  private constructor(private readonly child: ChildProcess) {
    this.ended = once(child, 'close').then(() => {
      this.hasEnded = true;
    });
  }

  static open(env: Readonly<Record<string, string>>): CommandLine {
    const child = spawn(process.execPath, ['--enable-source-maps', ENTRY], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { PATH: process.env.PATH, ...env },
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    });
    return new CommandLine(child);
  }

  /** Runs a command when those before it are done. */
  run(...args: readonly string[]): Promise<CommandReply> {
    const reply = this.last.then(() => this.ask(args));
    this.last = reply.catch(() => undefined);
    return reply;
  }

  /** Resolves when no command is running: nothing of this process has the replica's file open. */
  async idle(): Promise<void> {
    await this.last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  private async ask(args: readonly string[]): Promise<CommandReply> {
    const request: CommandRequest = { id: ++this.requests, args };
    const failure = new AbortController();
    const gone = this.ended.then(() => null);
    try {
      if (this.hasEnded) throw new Error('the command line has ended');
      const message = once(this.child, 'message', { signal: failure.signal });
      this.child.send(request);
      const answer = (await Promise.race([message, gone])) as [CommandReply] | null;
      if (answer === null) throw new Error(`the command line ended in: ${args.join(' ')}`);
      const [reply] = answer;
      if (reply.id !== request.id) throw new Error('the answer is another request’s');
      return reply;
    } finally {
      failure.abort();
    }
  }
}
