import { runProgram } from '../../../src/cli/program.js';
import type { SyncRequest } from '../../../src/service/sync.js';
import { type HookPlan, type IncrementalPoint, REACHED, REFUSAL, RESUME } from './hook-plan.js';

/**
 * Ducktail's own program with something happening at a named point of the sync:
 * `node ducktail-with-hooks.js '{"point":"before-commit","action":"kill"}' sync --json`.
 */
function withHooks(plan: HookPlan, request: SyncRequest): SyncRequest {
  let flushes = 0;
  let passes = 0;
  let held: Promise<void> | null = null;
  const act = async (): Promise<void> => {
    switch (plan.action) {
      case 'kill':
        process.kill(process.pid, 'SIGKILL');
        // The signal comes on its own time; nothing may happen until then.
        return new Promise(() => undefined);
      case 'hold':
        held ??= parentsWord(request.signal);
        return held;
      case 'fail':
        throw new Error(REFUSAL);
    }
  };
  const at =
    (point: IncrementalPoint) =>
    async (table: string): Promise<void> => {
      if (plan.point !== point || (plan.table ?? table) !== table) return;
      if (passes++ >= (plan.afterPasses ?? 0)) await act();
    };
  return {
    ...request,
    hooks: {
      beforeFlush: async (table) => {
        if (plan.point !== 'flush' || (plan.table ?? table) !== table) return;
        if (flushes++ >= (plan.afterFlushes ?? 0)) await act();
      },
      beforeCommit: async () => {
        if (plan.point === 'before-commit') await act();
      },
      afterCommit: async () => {
        if (plan.point === 'after-commit') await act();
      },
      incremental: {
        beforeApply: at('incremental-apply'),
        beforeCommit: at('incremental-before-commit'),
        afterCommit: at('incremental-after-commit'),
        beforeDeletes: at('deletes'),
        beforeDeletesCommit: at('deletes-before-commit'),
      },
    },
  };
}

/** Resolves when the parent says so, or when the sync is stopped. */
function parentsWord(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = (message: unknown): void => {
      if (message !== undefined && message !== RESUME) return;
      process.off('message', go);
      resolve();
    };
    process.on('message', go);
    stop.addEventListener('abort', () => go(undefined), { once: true });
    process.send?.(REACHED);
  });
}

const [plan, ...args] = process.argv.slice(2);
const hookPlan = JSON.parse(plan) as HookPlan;
process.exitCode = await runProgram(args, (request) => withHooks(hookPlan, request));
