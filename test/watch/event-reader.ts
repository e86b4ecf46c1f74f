import type { EventName, ServiceEvents } from '../../src/watch/service-event.js';

const TIMEOUT_MS = 30_000;

/** Reads server-sent events as a client does. */
export class EventReader {
  private readonly chunks: AsyncIterator<string | Uint8Array, unknown>;
  private readonly decoder = new TextDecoder();
  private text = '';
  /** Of the latest event that has one: what a client names when it comes back. */
  lastId: string | null = null;

  constructor(stream: AsyncIterable<string | Uint8Array>) {
    this.chunks = stream[Symbol.asyncIterator]() as AsyncIterator<string | Uint8Array, unknown>;
  }

  /** The next event of that name which is as wanted; others are passed over. */
  async next<Name extends EventName>(
    name: Name,
    isWanted: (data: ServiceEvents[Name]) => boolean = () => true,
  ): Promise<ServiceEvents[Name]> {
    const deadline = performance.now() + TIMEOUT_MS;
    const passed: string[] = [];
    while (performance.now() < deadline) {
      const event = await this.take();
      passed.push(event);
      this.lastId = /^id: (\S+)$/m.exec(event)?.[1] ?? this.lastId;
      const match = /^(?:id: \S+\n)?event: (\w+)\ndata: (.*)$/.exec(event);
      if (match?.[1] !== name) continue;
      const data = JSON.parse(match[2]) as ServiceEvents[Name];
      if (isWanted(data)) return data;
    }
    throw new Error(`no such event '${name}' came, but\n${passed.join('\n')}`);
  }

  /** Resolves at the end of the stream. */
  async end(): Promise<void> {
    while ((await this.chunks.next()).done !== true);
  }

  private async take(): Promise<string> {
    for (;;) {
      const end = this.text.indexOf('\n\n');
      if (end >= 0) {
        const event = this.text.slice(0, end);
        this.text = this.text.slice(end + 2);
        return event;
      }
      const next = await this.chunks.next();
      if (next.done === true) throw new Error('the events have ended');
      const { value } = next;
      this.text += typeof value === 'string' ? value : this.decoder.decode(value, { stream: true });
    }
  }
}
