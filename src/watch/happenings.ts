import { eventText } from './event-stream.js';
import type { ServiceEvents } from './service-event.js';

/** Those that a client is told at its beginning. */
const KEPT = 50;
/** Of a text; a driver's message may carry a whole statement. */
const MAX_CHARACTERS = 4000;

/**
 * What has happened of late and does not show in how things stand: it has an id, by which a client
 * that comes back says what it has heard of.
 */
export class Happenings {
  /** Ids of another run of the service mean nothing. */
  private readonly run = Date.now().toString(36);
  private readonly texts: string[] = [];
  private count = 0;

  note<Name extends 'problem' | 'quarantine'>(name: Name, data: ServiceEvents[Name]): string {
    this.count += 1;
    const text = eventText(name, shortened(data), `${this.run}-${this.count}`);
    this.texts.push(text);
    if (this.texts.length > KEPT) this.texts.shift();
    return text;
  }

  /** All that is kept, or what came after the event of that id. */
  since(lastId: string | null): string {
    const heard = this.heard(lastId);
    const first = this.count - this.texts.length;
    if (heard === null) return this.texts.join('');
    const lost = Math.max(0, first - heard);
    const missed = lost === 0 ? '' : eventText('missed', { events: lost });
    return missed + this.texts.slice(Math.max(0, heard - first)).join('');
  }

  /** How many of this run a client has heard of; null: it is no client of this run. */
  private heard(lastId: string | null): number | null {
    const [run, count = ''] = (lastId ?? '').split('-');
    return run === this.run && /^\d{1,15}$/.test(count) ? Number(count) : null;
  }
}

function shortened<Data extends object>(data: Data): Data {
  const entries = Object.entries(data).map(([key, value]: [string, unknown]) => [
    key,
    typeof value === 'string' && value.length > MAX_CHARACTERS
      ? `${value.slice(0, MAX_CHARACTERS)} …`
      : value,
  ]);
  return Object.fromEntries(entries) as Data;
}
