import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { printHeading, printTable, printText } from '../demo/report.js';
import type { BenchTable } from './bench-table.js';
import { ducktailScript, syncEnvironment, type Bench } from './measures.js';

const TOP_LINES = 18;

/** The parts of a .cpuprofile that are needed here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

/** Runs one full sync under V8's profiler and prints the top lines by self time of every thread. */
export async function profileSync(bench: Bench, table: BenchTable): Promise<void> {
  const folder = path.join(bench.workspace.folder, 'profiles');
  const run = await bench.workspace.runNode(ducktailScript, ['sync', '--full', '--json'], {
    nodeArguments: ['--cpu-prof', `--cpu-prof-dir=${folder}`],
    environment: syncEnvironment(bench, table),
    errorOutput: 'kept',
  });
  if (run.exitCode !== 0) throw new Error(`ducktail sync failed:\n${run.stderr}`);
  const files = await readdir(folder);
  const byThread = files
    .map((file) => ({ file, thread: threadOf(file) }))
    .sort((a, b) => a.thread - b.thread);
  for (const { file, thread } of byThread) {
    const profile = JSON.parse(await readFile(path.join(folder, file), 'utf8')) as CpuProfile;
    printProfile(thread, profile);
  }
  printText(`\nthe whole process took ${run.seconds.toFixed(2)} s, profiler included`);
}

/** From `CPU.<date>.<time>.<process>.<thread>.<number>.cpuprofile`. */
function threadOf(file: string): number {
  return Number(file.split('.')[4]);
}

function printProfile(thread: number, { nodes, samples, timeDeltas }: CpuProfile): void {
  const labels = new Map(nodes.map(({ id, callFrame }) => [id, labelOf(callFrame)]));
  const selfTimes = new Map<string, number>();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const label = labels.get(id) ?? 'unknown';
    selfTimes.set(label, (selfTimes.get(label) ?? 0) + timeDeltas[index]);
    total += timeDeltas[index];
  }
  const top = [...selfTimes].sort(([, a], [, b]) => b - a).slice(0, TOP_LINES);
  printHeading(thread === 0 ? 'main thread' : `thread ${thread}`);
  printTable(
    [
      { title: 'self ms', align: 'right' },
      { title: 'share', align: 'right' },
      { title: 'where', align: 'left' },
    ],
    top.map(([label, microseconds]) => [
      (microseconds / 1000).toFixed(0),
      `${((100 * microseconds) / total).toFixed(1)} %`,
      label,
    ]),
  );
}

/** Such as `decode (rows/row-decoder.js:42)`. */
function labelOf({ functionName, url, lineNumber }: CpuProfile['nodes'][0]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  return `${name} (${url.split('/').slice(-2).join('/')}:${lineNumber + 1})`;
}
