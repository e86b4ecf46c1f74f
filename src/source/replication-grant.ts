import { randomInt } from 'node:crypto';
import type { SourceSession } from './connect.js';
import {
  outgoingPacket,
  type ProtocolConnection,
  type ProtocolPacket,
} from './rows/row-stream-command.js';

const COM_REGISTER_SLAVE = 0x15;
/** Server id, three empty names, port, rank and source id. */
const PAYLOAD_BYTES = 17;
const ACCESS_DENIED = [1045, 1227];

/**
 * Whether the account may read the binlog. No statement depends on just that privilege on MySQL and
 * MariaDB alike, and SHOW GRANTS leaves roles to the reader; so the session registers as a replica,
 * which does nothing but show it among SHOW REPLICAS until the session ends.
 */
export async function mayReplicate(session: SourceSession): Promise<boolean> {
  const error = await register(session.protocol);
  if (error === null) return true;
  const { errno } = error as { errno?: number };
  if (errno !== undefined && ACCESS_DENIED.includes(errno)) return false;
  // A connection that broke is told by the next statement, as what it is.
  await session.query('DO 0');
  throw error;
}

function register(connection: ProtocolConnection): Promise<Error | null> {
  return new Promise((resolve) => {
    let isSent = false;
    connection.addCommand({
      execute(packet: ProtocolPacket | null): boolean {
        if (packet === null || !isSent) {
          isSent = true;
          connection._resetSequenceId();
          connection.writePacket(registerPacket());
          return false;
        }
        resolve(packet.isError() ? packet.asError(connection.clientEncoding) : null);
        return true;
      },
      onResult: resolve,
    });
  });
}

function registerPacket(): Parameters<ProtocolConnection['writePacket']>[0] {
  const buffer = Buffer.alloc(4 + 1 + PAYLOAD_BYTES);
  buffer[4] = COM_REGISTER_SLAVE;
  // One of nobody's, as far as chance can tell.
  buffer.writeUInt32LE(randomInt(2 ** 31, 2 ** 32), 5);
  return outgoingPacket(buffer);
}
