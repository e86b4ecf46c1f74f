import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Workspace } from '../demo/workspace.js';
import { compiledFile } from './compiled-file.js';
import type { ServerCpu } from './server-cpu.js';

export interface Usage {
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  /** The longest time that the main thread's event loop was held up, from 0.5 s on. */
  readonly maxLoopDelayMs: number;
}

/** One run of a measured process. */
export interface MeasuredRun extends Usage {
  readonly stdout: string;
  /** From the start of the process to its exit. */
  readonly wallSeconds: number;
  /** mysqld's in the same time; null where it can't be seen. */
  readonly serverCpuSeconds: number | null;
}

const ERROR_OUTPUT_LENGTH = 3000;

/** Runs a script by this Node to its end; throws with the end of its stderr if it fails. */
export async function measureRun(
  workspace: Workspace,
  serverCpu: ServerCpu,
  script: string,
  scriptArguments: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<MeasuredRun> {
  const usageFile = path.join(workspace.folder, 'usage.json');
  const cpuBefore = await serverCpu.seconds();
  const run = await workspace.runNode(script, scriptArguments, {
    nodeArguments: ['--import', compiledFile('usage').href],
    environment: { ...environment, BENCH_USAGE_FILE: usageFile },
    errorOutput: 'kept',
  });
  const cpuAfter = await serverCpu.seconds();
  if (run.exitCode !== 0) {
    throw new Error(
      `${path.basename(script)} failed (exit code ${run.exitCode}):\n` +
        run.stderr.trim().slice(-ERROR_OUTPUT_LENGTH),
    );
  }
  return {
    ...(JSON.parse(await readFile(usageFile, 'utf8')) as Usage),
    stdout: run.stdout,
    wallSeconds: run.seconds,
    serverCpuSeconds: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore,
  };
}
