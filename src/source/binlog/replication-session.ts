import ZongJi from '@vlasky/zongji';
import type { Connection } from 'mysql2';
import { DucktailError } from '../../common/errors.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { MysqlEndpoint } from '../../model/mysql-endpoint.js';
import { connectionOptions, NET_TIMEOUT_SECONDS } from '../connect.js';
import type { ProtocolConnection, ProtocolPacket } from '../rows/row-stream-command.js';
import { parseChecksumBytes } from './control-events.js';
import { translateReplicationError } from './errors.js';
import { EventType } from './event-types.js';
import { RawEvent } from './raw-event.js';

export interface SessionOptions {
  readonly endpoint: MysqlEndpoint;
  readonly serverId: number;
  /** Its GTID set says where to start, or file and position where it has none. */
  readonly from: Checkpoint;
  /** How often the source says that it is there while nothing changes. */
  readonly heartbeatMs: number;
}

export interface SessionHandlers {
  /**
   * An event as it stands in the binlog; of use during the call only. A throw ends the session with
   * that error.
   */
  readonly onEvent: (event: RawEvent) => void;
  /** The session's end, unless it was closed; nothing follows. */
  readonly onError: (error: Error) => void;
}

/** mysql2 gives every packet of the dump to `binlogData`; what is returned gets the next one. */
type PacketHandler = (
  this: unknown,
  packet: ProtocolPacket,
  connection: ProtocolConnection,
) => PacketHandler | null;

/** zongji's class of the dump command, made by `start`: no part of its types, but a public property. */
interface ZongJiInternals {
  readonly BinlogClass: { readonly prototype: { binlogData: PacketHandler } };
}

/** What mysql2 calls with each packet, and what zongji replaces, too, where packets are compressed. */
interface PacketReceiver {
  handlePacket: (packet: (ProtocolPacket & { readonly sequenceId: number }) | undefined) => void;
  /** What mysql2 expects the next packet to have. */
  sequenceId: number;
}

const OK_MARKER = 0;
/** Silent ticks of the watchdog, one per heartbeat, that mean that the source is gone. */
const SILENT_HEARTBEATS = 3;
const ANNUAL_SECONDS = 31_536_000;

/**
 * The connection on which the source sends its binlog. zongji makes and holds it (TLS, flavours,
 * COM_BINLOG_DUMP by GTID or position, KILL of the dump thread at the end); the events are taken
 * before zongji looks at them, as parsing is what it takes 25 times too long for.
 *
 * Nothing is repaired here: whatever goes wrong ends the session.
 */
export class ReplicationSession implements AsyncDisposable {
  private readonly zongji: ZongJi;
  private readonly event = new RawEvent(Buffer.alloc(0));
  private checksumBytes = 0;
  private isOver = false;
  private isPaused = false;
  private silentTicks = 0;
  private readonly watchdog: NodeJS.Timeout;

  /** Begins at once; its first event tells that the source has accepted the position. */
  constructor(
    private readonly options: SessionOptions,
    private readonly handlers: SessionHandlers,
  ) {
    const { endpoint } = options;
    this.zongji = new ZongJi({ ...connectionOptions(endpoint) });
    this.zongji.on('error', (error) => {
      this.fail(translateReplicationError(error, endpoint));
    });
    this.zongji.on('ready', () => {
      this.prepareDump();
    });
    this.watchdog = setInterval(() => {
      this.watch();
    }, options.heartbeatMs);
    this.zongji.start({ serverId: options.serverId, ...startOf(options) });
  }

  /** No events come until `resume`, not even those that have arrived. */
  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.zongji.connection?.pause();
  }

  /** Not from within `onEvent`: mysql2 delivers what has arrived before this returns. */
  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.silentTicks = 0;
    this.zongji.connection?.resume();
  }

  /** Ends the session, the source's side of it too. */
  [Symbol.asyncDispose](): Promise<void> {
    this.end();
    return new Promise((resolve) => {
      this.zongji.once('stopped', resolve);
      this.zongji.stop();
    });
  }

  /** Before the dump command goes out: commands given now run first. */
  private prepareDump(): void {
    this.silentTicks = 0;
    this.checksumBytes = this.zongji.useChecksum ? 4 : 0;
    this.takeEvents();
    const periodNs = this.options.heartbeatMs * 1_000_000;
    this.run(
      this.zongji.connection,
      // A dump thread whose client is paused by backpressure is otherwise given up after a minute.
      `SET SESSION net_write_timeout = ${NET_TIMEOUT_SECONDS}`,
      `SET @master_heartbeat_period = ${periodNs}, @source_heartbeat_period = ${periodNs}`,
    );
    // It is idle from here on, and needed for the KILL at the end.
    this.run(this.zongji.ctrlConnection, `SET SESSION wait_timeout = ${ANNUAL_SECONDS}`);
  }

  /** From the dump's first packet on, events come here; how the dump ends is left to zongji. */
  private takeEvents(): void {
    const { BinlogClass } = this.zongji as unknown as ZongJiInternals;
    const original = BinlogClass.prototype.binlogData;
    const receive = (packet: ProtocolPacket): void => {
      this.receive(packet);
    };
    let isFirst = true;
    const shortenWay = this.shortenWay.bind(this);
    BinlogClass.prototype.binlogData = function take(packet, connection) {
      if (packet.buffer[packet.offset] !== OK_MARKER) {
        return original.call(this, packet, connection);
      }
      if (isFirst) shortenWay(connection);
      isFirst = false;
      receive(packet);
      return take;
    };
  }

  /**
   * Takes events before mysql2 asks its queue whose they are: 0.60 instead of 0.65 s of CPU for
   * 189,000 transactions. All else, also what comes during a pause, goes the usual way.
   */
  private shortenWay(connection: ProtocolConnection): void {
    const receiver = connection as unknown as PacketReceiver;
    const { handlePacket } = receiver;
    receiver.handlePacket = (packet) => {
      if (packet === undefined) {
        handlePacket.call(receiver, packet);
      } else if (this.isPaused || packet.buffer[packet.offset] !== OK_MARKER) {
        receiver.sequenceId = packet.sequenceId;
        handlePacket.call(receiver, packet);
      } else {
        this.receive(packet);
      }
    };
  }

  private run(connection: Connection | null, ...statements: readonly string[]): void {
    for (const statement of statements) {
      connection?.query(statement, (error) => {
        if (error) this.fail(translateReplicationError(error, this.options.endpoint));
      });
    }
  }

  private receive(packet: ProtocolPacket): void {
    this.silentTicks = 0;
    if (this.isOver) return;
    const { event } = this;
    event.moveTo(packet.buffer, packet.offset + 1, packet.end);
    try {
      if (event.type === EventType.FORMAT_DESCRIPTION) {
        this.checksumBytes = parseChecksumBytes(event.toBuffer());
      }
      event.end -= this.checksumBytes;
      this.handlers.onEvent(event);
    } catch (error) {
      // A throw in a packet handler would be taken for a broken connection.
      this.fail(translateReplicationError(error, this.options.endpoint));
    }
  }

  private watch(): void {
    // Counted in ticks, not by the clock: a process that slept has not listened either.
    this.silentTicks += this.isPaused ? 0 : 1;
    if (this.silentTicks <= SILENT_HEARTBEATS) return;
    const { host, port } = this.options.endpoint;
    this.fail(
      new DucktailError(
        'source-unavailable',
        `MySQL at ${host}:${port} has not been heard of for ${SILENT_HEARTBEATS} heartbeats`,
      ),
    );
  }

  private fail(error: Error): void {
    if (this.isOver) return;
    this.end();
    this.handlers.onError(error);
  }

  private end(): void {
    this.isOver = true;
    clearInterval(this.watchdog);
  }
}

const MAX_POSITION = 2 ** 32 - 1;

/** Always explicit: without a position the source would begin with its oldest file. */
function startOf({ from }: SessionOptions): {
  gtidSet?: string;
  filename?: string;
  position?: number;
} {
  if (from.gtidSet !== null) return { gtidSet: from.gtidSet };
  if (from.file === '' || from.position < 4) throw new Error('no position to start from');
  if (from.position > MAX_POSITION) {
    throw new DucktailError(
      'source-unsuitable',
      `the binlog file ${from.file} is larger than 4 GB, of which only GTIDs can tell positions`,
      { hint: 'SET GLOBAL gtid_mode = ON, or lower max_binlog_size and copy the tables again.' },
    );
  }
  return { filename: from.file, position: from.position };
}
