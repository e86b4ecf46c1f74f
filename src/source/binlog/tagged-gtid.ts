import type { Gtid } from '../../model/gtid-set.js';
import { formatUuid } from './uuid.js';

/**
 * The body of GTID_TAGGED (42, MySQL 8.3 and later, of transactions whose GTID has a tag): a message
 * of MySQL's serialization library. Fields come in ascending order of their numbers, each behind its
 * number, and those with a default value may be missing.
 */
export function readTaggedGtid(body: Buffer): { gtid: Gtid; commitTimeMs: number | null } {
  const message = new SerializedMessage(body);
  const version = message.readUnsigned();
  if (version !== 1n) throw new Error(`tagged GTID events of version ${version} are unknown`);
  message.readUnsigned(); // size
  message.readUnsigned(); // last field that can't be ignored
  if (message.beginsField(FIELD.flags)) message.readUnsigned();
  if (!message.beginsField(FIELD.uuid)) throw new Error('a tagged GTID event without a uuid');
  const uuid = Buffer.from(Array.from({ length: 16 }, () => Number(message.readUnsigned())));
  if (!message.beginsField(FIELD.number)) throw new Error('a tagged GTID event without a number');
  const number = message.readSigned();
  const tag = message.beginsField(FIELD.tag) ? message.readText() : '';
  if (message.beginsField(FIELD.lastCommitted)) message.readSigned();
  if (message.beginsField(FIELD.sequenceNumber)) message.readSigned();
  const timeUs = message.beginsField(FIELD.commitTime) ? message.readUnsigned() : null;
  const source = formatUuid(uuid, 0) + (tag === '' ? '' : `:${tag}`);
  return {
    gtid: { source, server: 0, number },
    commitTimeMs: timeUs === null ? null : Number(timeUs / 1000n),
  };
}

const FIELD = {
  flags: 0,
  uuid: 1,
  number: 2,
  tag: 3,
  lastCommitted: 4,
  sequenceNumber: 5,
  commitTime: 6,
} as const;

class SerializedMessage {
  private offset = 0;

  constructor(private readonly bytes: Buffer) {}

  /** Whether the field comes next; if so its number is passed. */
  beginsField(field: number): boolean {
    if (this.bytes[this.offset] !== field << 1) return false;
    this.offset += 1;
    return true;
  }

  /** As many low bits of the first byte are set as bytes follow; the others are the value's lowest. */
  readUnsigned(): bigint {
    const first = this.bytes[this.offset++];
    let following = 0;
    while (following < 8 && ((first >> following) & 1) === 1) following += 1;
    let value = 0n;
    for (let index = 0; index < following; index++) {
      value |= BigInt(this.bytes[this.offset++]) << BigInt(8 * index);
    }
    if (following === 8) return value;
    return (value << BigInt(7 - following)) | BigInt(first >> (following + 1));
  }

  readSigned(): bigint {
    const value = this.readUnsigned();
    return (value & 1n) === 1n ? -(value >> 1n) - 1n : value >> 1n;
  }

  readText(): string {
    const bytes = Number(this.readUnsigned());
    this.offset += bytes;
    return this.bytes.toString('latin1', this.offset - bytes, this.offset);
  }
}
