import { setTimeout as delay } from 'node:timers/promises';
import type { TestSource } from '../../helpers/test-source.js';

const POLL_MS = 20;

/** Resolves when the server's clock shows another second than it does now. */
export async function passSecond(source: TestSource): Promise<void> {
  const second = async (): Promise<string | null> => (await source.texts('SELECT NOW()'))[0][0];
  const now = await second();
  while ((await second()) === now) await delay(POLL_MS);
}
