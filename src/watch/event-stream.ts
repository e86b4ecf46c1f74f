import { Readable } from 'node:stream';
import type { EventName, ServiceEvents } from './service-event.js';

/** Of events that a client has not taken: the beginning tells of every table, in 300 bytes each. */
const MAX_WAITING_BYTES = 2 * 1024 * 1024;

/** A server-sent event; JSON has no line breaks of its own. Clients that come back name the last id. */
export function eventText<Name extends EventName>(
  name: Name,
  data: ServiceEvents[Name],
  id: string | null = null,
): string {
  const head = id === null ? '' : `id: ${id}\n`;
  return `${head}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/**
 * One client's events. What waits for it is bounded: a client that does not take its events is
 * dropped.
 */
export class EventStream extends Readable {
  private hasEnded = false;

  constructor(private readonly maxWaitingBytes = MAX_WAITING_BYTES) {
    super();
  }

  write(text: string): void {
    if (this.destroyed || this.hasEnded || text === '') return;
    if (this.readableLength + Buffer.byteLength(text) > this.maxWaitingBytes) {
      this.destroy(new Error('the client does not take its events'));
      return;
    }
    this.push(text);
  }

  /** The service is stopping. */
  end(): void {
    this.hasEnded = true;
    if (!this.destroyed) this.push(null);
  }

  override _read(): void {
    // Events come when they come.
  }
}
