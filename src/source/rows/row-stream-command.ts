import type { Connection } from 'mysql2';

/**
 * What of mysql2's packet and connection a command is handed: internals without types. mysql2
 * gives every packet of a running command to the command's `execute`, which is how its own
 * commands (and zongji's) are built; `addCommand` is the door.
 */
export interface ProtocolPacket {
  readonly buffer: Buffer;
  /** Start of the payload, behind the header. */
  readonly offset: number;
  readonly end: number;
  isError(): boolean;
  asError(encoding: string): Error;
}

export interface ProtocolConnection extends Connection {
  addCommand(command: ProtocolCommand): void;
  writePacket(packet: OutgoingPacket): void;
  _resetSequenceId(): void;
  readonly clientEncoding: string;
}

interface ProtocolCommand {
  execute(packet: ProtocolPacket | null, connection: ProtocolConnection): boolean;
  onResult(error: Error): void;
}

interface OutgoingPacket {
  readonly buffer: Buffer;
  length(): number;
  writeHeader(sequenceId: number): void;
}

const COM_STMT_EXECUTE = 0x17;
const EOF_MARKER = 0xfe;
const MAX_EOF_BYTES = 8;

/**
 * COM_STMT_EXECUTE for a prepared statement without parameters, whose row packets go to `onRow`
 * as bytes: mysql2 has done authentication, TLS, decompression and framing; nothing is parsed here.
 */
export class RowStreamCommand implements ProtocolCommand {
  private state: 'start' | 'header' | 'columns' | 'rows' = 'start';
  private columnsLeft = 0;

  constructor(
    private readonly statementId: number,
    private readonly onRow: (bytes: Buffer, start: number) => void,
    private readonly onEnd: (error: Error | null) => void,
  ) {}

  /** Called by mysql2 with each packet; true ends the command. */
  execute(packet: ProtocolPacket | null, connection: ProtocolConnection): boolean {
    if (this.state === 'rows' && packet !== null && packet.buffer[packet.offset] === 0) {
      this.onRow(packet.buffer, packet.offset);
      return false;
    }
    return this.executeSlow(packet, connection);
  }

  /** Called by mysql2 when the connection breaks. */
  onResult(error: Error): void {
    this.onEnd(error);
  }

  private executeSlow(packet: ProtocolPacket | null, connection: ProtocolConnection): boolean {
    if (packet === null || this.state === 'start') {
      connection._resetSequenceId();
      connection.writePacket(executePacket(this.statementId));
      this.state = 'header';
      return false;
    }
    if (packet.isError()) {
      this.onEnd(packet.asError(connection.clientEncoding));
      return true;
    }
    switch (this.state) {
      case 'header':
        this.columnsLeft = readColumnCount(packet);
        this.state = 'columns';
        return false;
      case 'columns':
        // The columns are known from INFORMATION_SCHEMA; mysql2 never deprecates the EOF that ends them.
        if (this.columnsLeft-- === 0) this.state = 'rows';
        return false;
      case 'rows':
        return this.endOfRows(packet);
    }
  }

  private endOfRows(packet: ProtocolPacket): boolean {
    const isEof =
      packet.buffer[packet.offset] === EOF_MARKER && packet.end - packet.offset <= MAX_EOF_BYTES;
    this.onEnd(isEof ? null : new Error('malformed packet in the rows of a prepared statement'));
    return true;
  }
}

function readColumnCount(packet: ProtocolPacket): number {
  const first = packet.buffer[packet.offset];
  return first < 0xfb ? first : packet.buffer.readUInt16LE(packet.offset + 1);
}

function executePacket(statementId: number): OutgoingPacket {
  // Header (4), command, statement id, no cursor, iteration count 1.
  const buffer = Buffer.alloc(14);
  buffer[4] = COM_STMT_EXECUTE;
  buffer.writeUInt32LE(statementId, 5);
  buffer.writeUInt32LE(1, 10);
  return outgoingPacket(buffer);
}

/** What mysql2 sends; the first 4 bytes of the buffer are for the packet's header. */
export function outgoingPacket(buffer: Buffer): OutgoingPacket {
  return {
    buffer,
    length: () => buffer.length - 4,
    writeHeader: (sequenceId) => {
      buffer.writeUIntLE(buffer.length - 4, 0, 3);
      buffer[3] = sequenceId;
    },
  };
}
