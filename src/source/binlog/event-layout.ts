/**
 * The common header of a binlog event, 19 bytes: u32 timestamp, u8 type, u32 server id, u32 length,
 * u32 end position, u16 flags. "Event" here and beside is always header and body without the
 * checksum, which whoever takes it from the packet leaves out.
 */
export const EVENT_HEADER_BYTES = 19;
export const EVENT_TYPE_OFFSET = 4;

export function eventType(event: Uint8Array): number {
  return event[EVENT_TYPE_OFFSET];
}

/** The table id of a TABLE_MAP or rows event: 6 bytes behind the header. */
export function tableIdOf(event: Uint8Array): number {
  const at = EVENT_HEADER_BYTES;
  const low = event[at] | (event[at + 1] << 8) | (event[at + 2] << 16);
  const high = event[at + 3] | (event[at + 4] << 8) | (event[at + 5] << 16);
  return high * 2 ** 24 + low;
}
