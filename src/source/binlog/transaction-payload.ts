import { ZSTDDecoder } from 'zstddec';
import { ByteReader } from './byte-reader.js';
import { EVENT_HEADER_BYTES } from './event-layout.js';
import { RawEvent } from './raw-event.js';

const FIELD_END = 0;
const FIELD_COMPRESSION = 2;
const FIELD_UNCOMPRESSED_BYTES = 3;
const COMPRESSION_ZSTD = 0;
const COMPRESSION_NONE = 255;
const SIZE_OFFSET = 9;

/** Opens TRANSACTION_PAYLOAD events, in which a server keeps a whole transaction compressed. */
export class TransactionPayloads {
  private readonly zstd = new ZSTDDecoder();

  private constructor() {}

  static async open(): Promise<TransactionPayloads> {
    const payloads = new TransactionPayloads();
    await payloads.zstd.init();
    return payloads;
  }

  /** The events inside, which have no checksums. They may be kept. */
  unpack(event: Buffer): RawEvent[] {
    const { compression, uncompressedBytes, start } = readFields(event);
    const body = event.subarray(start);
    switch (compression) {
      case COMPRESSION_NONE:
        return splitEvents(Buffer.from(body));
      case COMPRESSION_ZSTD: {
        const bytes = this.zstd.decode(body, uncompressedBytes);
        if (bytes.length !== uncompressedBytes) {
          throw new Error(`a transaction payload of ${uncompressedBytes} bytes is damaged`);
        }
        return splitEvents(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      }
      default:
        throw new Error(`transaction payloads of compression ${compression} are unknown`);
    }
  }
}

/** Fields of a number, a length and a value each, all of them packed integers. */
function readFields(event: Buffer): {
  compression: number;
  uncompressedBytes: number;
  start: number;
} {
  const reader = new ByteReader(event, EVENT_HEADER_BYTES);
  let compression = COMPRESSION_NONE;
  let uncompressedBytes = 0;
  for (;;) {
    const field = reader.packed();
    if (field === FIELD_END) return { compression, uncompressedBytes, start: reader.at };
    const length = reader.packed();
    const next = reader.at + length;
    if (field === FIELD_COMPRESSION) compression = reader.packed();
    if (field === FIELD_UNCOMPRESSED_BYTES) uncompressedBytes = reader.packed();
    reader.at = next;
  }
}

function splitEvents(bytes: Buffer): RawEvent[] {
  const events: RawEvent[] = [];
  const whole = new RawEvent(bytes);
  for (let at = 0; at < bytes.length;) {
    const size = bytes.readUInt32LE(at + SIZE_OFFSET);
    if (size < EVENT_HEADER_BYTES || at + size > bytes.length) {
      throw new Error('a transaction payload is damaged');
    }
    events.push(whole.part(at, at + size));
    at += size;
  }
  return events;
}
