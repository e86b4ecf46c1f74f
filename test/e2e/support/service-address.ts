import type { RunningService } from './running-service.js';

/** Where the running service answers over HTTP. */
export async function serviceAddress(service: RunningService): Promise<string> {
  let url: string | undefined;
  await service.until('answers over HTTP', () => {
    url = /http:\/\/127\.0\.0\.1:\d+/.exec(service.said)?.[0];
    return url !== undefined;
  });
  return url ?? '';
}
