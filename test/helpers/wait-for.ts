import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 50;
const TIMEOUT_MS = 60_000;

/** Resolves when it is so; fails when it does not come to be. */
export async function waitFor(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`it is not so after ${TIMEOUT_MS} ms`);
    await delay(POLL_MS);
  }
}
