import type { ApplyHooks } from '../../../src/cdc/hooks.js';
import { runProgram } from '../../../src/cli/program.js';
import type { KeepHooks } from '../../../src/keep/hooks.js';
import type { SyncTask } from '../../../src/service/sync.js';
import {
  type ApplyPoint,
  type HookPlan,
  type IncrementalPoint,
  type KeepPoint,
  REACHED,
  REFUSAL,
  RESUME,
} from './hook-plan.js';

/**
 * Ducktail's own program with something happening at a named point of the sync:
 * `node ducktail-with-hooks.js '{"point":"before-commit","action":"kill"}' sync --json`.
 */
function withHooks(plan: HookPlan, request: SyncTask): SyncTask {
  let flushes = 0;
  let passes = 0;
  let held: Promise<void> | null = null;
  const act = (): Promise<void> =>
    carryOut(plan, () => {
      held ??= parentsWord(request.signal);
      return held;
    });
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

function carryOut({ action }: HookPlan, hold: () => Promise<void>): Promise<void> {
  switch (action) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      // The signal comes on its own time; nothing may happen until then.
      return new Promise(() => undefined);
    case 'hold':
      return hold();
    case 'fail':
      return Promise.reject(new Error(REFUSAL));
  }
}

/** At points of the service's stream: a point for each hook there is. */
function applyHooks(plan: HookPlan): Required<ApplyHooks> {
  let passes = 0;
  const at = (point: ApplyPoint) => async (): Promise<void> => {
    if (plan.point !== point || passes++ < (plan.afterPasses ?? 0)) return;
    await carryOut(plan, () => parentsWord(new AbortController().signal));
  };
  return {
    beforeApply: at('stream-apply'),
    beforeCommit: at('stream-before-commit'),
    afterCommit: at('stream-after-commit'),
  };
}

/** At points of keeping the replica. */
function keepHooks(plan: HookPlan): KeepHooks {
  const at = (point: KeepPoint) => async (): Promise<void> => {
    if (plan.point === point) await carryOut(plan, () => parentsWord(new AbortController().signal));
  };
  return {
    afterCopy: at('keep-copied'),
    beforeManifest: at('keep-manifest'),
    beforePublish: at('keep-publish'),
    beforeSwap: at('keep-swap'),
    afterSwap: at('keep-swapped'),
    beforeRestored: at('keep-restored'),
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
const { availableBytes } = hookPlan;
process.exitCode = await runProgram(args, {
  intercept: (request) => withHooks(hookPlan, request),
  apply: applyHooks(hookPlan),
  keep: keepHooks(hookPlan),
  walLimits: hookPlan.walLimits,
  memory: availableBytes === undefined ? {} : { availableBytes: () => availableBytes },
});
