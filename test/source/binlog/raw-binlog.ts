import mysql from 'mysql2/promise';
import type {
  ProtocolConnection,
  ProtocolPacket,
} from '../../../src/source/rows/row-stream-command.js';

const COM_BINLOG_DUMP = 0x12;
const NON_BLOCK = 1;
const HEADER_BYTES = 19;
const CHECKSUM_BYTES = 4;

export interface BinlogEvent {
  readonly type: number;
  /** Header and body, without the checksum. */
  readonly event: Buffer;
  /** Behind the header, without the checksum. */
  readonly body: Buffer;
}

interface LogStatus extends mysql.RowDataPacket {
  readonly File: string;
  readonly Position: number;
}

export interface BinlogPlace {
  readonly file: string;
  readonly position: number;
}

/** Where the server's binlog ends now. */
export async function binlogEnd(
  connection: mysql.Connection,
  isMariaDb = false,
): Promise<BinlogPlace> {
  const statement = isMariaDb ? 'SHOW MASTER STATUS' : 'SHOW BINARY LOG STATUS';
  const [[row]] = await connection.query<LogStatus[]>(statement);
  return { file: row.File, position: row.Position };
}

/** All events from `from` to the binlog's present end, as the server sends them to a replica. */
export async function readBinlog(url: string, from: BinlogPlace): Promise<BinlogEvent[]> {
  const connection = await mysql.createConnection({ uri: url, charset: 'utf8mb4' });
  connection.on('error', () => undefined);
  try {
    // MariaDB rewrites events for replicas that don't say that they know its own.
    await connection.query(
      'SET @source_binlog_checksum = @@binlog_checksum, ' +
        '@master_binlog_checksum = @@binlog_checksum, @mariadb_slave_capability = 4',
    );
    const { connection: protocol } = connection as unknown as { connection: ProtocolConnection };
    return await dump(protocol, from);
  } finally {
    connection.destroy();
  }
}

function dump(protocol: ProtocolConnection, from: BinlogPlace): Promise<BinlogEvent[]> {
  const events: BinlogEvent[] = [];
  let sent = false;
  return new Promise((resolve, reject) => {
    protocol.addCommand({
      execute(packet: ProtocolPacket | null) {
        if (!sent || packet === null) {
          sent = true;
          protocol._resetSequenceId();
          protocol.writePacket(dumpPacket(from));
          return false;
        }
        if (packet.isError()) {
          reject(packet.asError('utf8'));
          return true;
        }
        if (packet.buffer[packet.offset] === 0xfe) {
          resolve(events);
          return true;
        }
        // A status byte stands before the event.
        const event = Buffer.from(
          packet.buffer.subarray(packet.offset + 1, packet.end - CHECKSUM_BYTES),
        );
        events.push({ type: event[4], event, body: event.subarray(HEADER_BYTES) });
        return false;
      },
      onResult: reject,
    });
  });
}

function dumpPacket(from: BinlogPlace): {
  buffer: Buffer;
  length(): number;
  writeHeader(sequenceId: number): void;
} {
  const name = Buffer.from(from.file);
  const buffer = Buffer.alloc(4 + 11 + name.length);
  buffer[4] = COM_BINLOG_DUMP;
  buffer.writeUInt32LE(from.position, 5);
  buffer.writeUInt16LE(NON_BLOCK, 9);
  buffer.writeUInt32LE(0x40000000 + Math.floor(Math.random() * 0x3fffffff), 11);
  name.copy(buffer, 15);
  return {
    buffer,
    length: () => buffer.length,
    writeHeader(sequenceId) {
      buffer.writeUIntLE(buffer.length - 4, 0, 3);
      buffer[3] = sequenceId;
    },
  };
}
