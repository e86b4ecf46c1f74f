import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { EventReader } from '../../watch/event-reader.js';
import { parseSamples, type Sample } from '../../watch/exposition.js';
import { RunningService } from './running-service.js';
import type { SourceAccess } from './source-position.js';

const POLL_MS = 100;
const TIMEOUT_MS = 40_000;

/** Anyone's; its role is in the name. */
export const READER_TOKEN = 'a-readers-token';

/** For `API_TOKENS`. */
export function readerToken(): string {
  return `dashboard:reader:${createHash('sha256').update(READER_TOKEN).digest('hex')}`;
}

/** A service that answers over HTTP on a port of its own. */
export class WatchedService implements AsyncDisposable {
  private constructor(
    readonly service: RunningService,
    readonly url: string,
    private readonly token: string | null,
  ) {}

  static async launch(
    source: SourceAccess,
    duckdbPath: string,
    variables: Readonly<Record<string, string>> = {},
    /** Where the service reaches the source; the source's own URL by default. */
    url: string = source.url,
  ): Promise<WatchedService> {
    const service = await RunningService.launch(source, duckdbPath, {
      url,
      variables: { HTTP_ENABLED: 'true', HTTP_PORT: '0', LOG_FORMAT: 'json', ...variables },
    });
    try {
      const address = await saidUrl(service);
      return new WatchedService(service, address, 'API_TOKENS' in variables ? READER_TOKEN : null);
    } catch (error) {
      await service[Symbol.asyncDispose]();
      throw error;
    }
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = this.token === null ? {} : { authorization: `Bearer ${this.token}` };
    return fetch(`${this.url}${path}`, { headers, ...init });
  }

  async samples(): Promise<Sample[]> {
    const response = await this.fetch('/metrics');
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    return parseSamples(await response.text());
  }

  /** The first samples of which that is so. */
  async samplesUntil(
    what: string,
    isSo: (samples: readonly Sample[]) => boolean,
  ): Promise<Sample[]> {
    const deadline = performance.now() + TIMEOUT_MS;
    for (;;) {
      const samples = await this.samples();
      if (isSo(samples)) return samples;
      if (performance.now() > deadline) {
        const own = samples.filter(({ name }) => /^ducktail_(?!.*_bucket)/.test(name));
        throw new Error(`the metrics never said: ${what}\n${JSON.stringify(own)}`);
      }
      await delay(POLL_MS);
    }
  }

  async events(signal: AbortSignal, lastId: string | null = null): Promise<EventReader> {
    const headers = {
      ...(this.token === null ? {} : { authorization: `Bearer ${this.token}` }),
      ...(lastId === null ? {} : { 'last-event-id': lastId }),
    };
    const { body, status } = await this.fetch('/api/events', { headers, signal });
    if (status !== 200 || body === null) throw new Error(`the events are answered with ${status}`);
    return new EventReader(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
  }
}

/** Where a service listens that logs in JSON. */
export async function saidUrl(service: RunningService): Promise<string> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const url = /"url":"(http[^"]+)"/.exec(service.said)?.[1];
    if (url !== undefined) return url;
    if (performance.now() > deadline) throw new Error(`it answers nobody:\n${service.said}`);
    await delay(POLL_MS);
  }
}
