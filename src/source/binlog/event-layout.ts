/**
 * The common header of a binlog event, 19 bytes: u32 timestamp, u8 type, u32 server id, u32 length,
 * u32 end position, u16 flags. "Event" here and beside is always header and body without the
 * checksum, which whoever takes it from the packet leaves out.
 */
export const EVENT_HEADER_BYTES = 19;
export const EVENT_TYPE_OFFSET = 4;
