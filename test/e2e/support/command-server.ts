import { runProgram } from '../../../src/cli/program.js';
import type { CommandReply, CommandRequest } from './command-line.js';

/**
 * Ducktail's own command line for one command after the other, so that a test that asks a service
 * every few milliseconds doesn't start a process each time. What commands print goes to the parent.
 */
const output = { stdout: '', stderr: '' };

for (const name of ['stdout', 'stderr'] as const) {
  process[name].write = (text: string | Uint8Array): boolean => {
    output[name] += typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
    return true;
  };
}

process.on('message', ({ id, args }: CommandRequest) => {
  void answer(id, args);
});

async function answer(id: number, args: readonly string[]): Promise<void> {
  output.stdout = '';
  output.stderr = '';
  const exitCode = await runProgram(args);
  const reply: CommandReply = { id, exitCode, ...output };
  process.send?.(reply);
}
