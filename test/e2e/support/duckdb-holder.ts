import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const PROGRAM = `
  import { DuckDBInstance } from '@duckdb/node-api';
  const instance = await DuckDBInstance.create(process.argv[1]);
  process.stdout.write('open');
  process.stdin.on('end', () => instance.closeSync()).resume();
`;

/** Another process that has a DuckDB file open for writing and knows nothing of our locks. */
export class DuckdbHolder implements AsyncDisposable {
  private constructor(
    private readonly child: ChildProcess,
    readonly pid: number,
  ) {}

  static async open(path: string): Promise<DuckdbHolder> {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (child.pid === undefined) throw new Error('the process did not start');
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => {
        throw new Error('it ended at once');
      }),
    ]);
    return new DuckdbHolder(child, child.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.stdin?.end();
    await ended;
  }
}
