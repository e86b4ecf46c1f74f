import assert from 'node:assert/strict';
import test from 'node:test';
import type { TlsEndpoint } from '../../../src/model/mysql-endpoint.js';
import { EventType } from '../../../src/source/binlog/event-types.js';
import { RawEvent } from '../../../src/source/binlog/raw-event.js';
import { ReplicationSession } from '../../../src/source/binlog/replication-session.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { endpointOf } from '../test-account.js';
import { readBinlog } from './raw-binlog.js';
import { binlogEnd } from './tail.js';

/** More than the 16 MB of a packet, where the server lets a value be as long. */
const LONG_BYTES = { mysql: 17 * 2 ** 20, mariadb: 2 ** 20 };
const SHORT_ROWS = 400;

/** Heartbeats come whenever nothing else does, and the stream's head is the server's own affair. */
function isLogged(event: RawEvent): boolean {
  const { type } = event;
  const isHead = type === EventType.FORMAT_DESCRIPTION || type === EventType.MARIADB_GTID_LIST;
  const isHeartbeat = type === EventType.HEARTBEAT || type === EventType.HEARTBEAT_V2;
  return !event.isArtificial && !isHead && !isHeartbeat;
}

/** As many events as `count`; the session is paused behind every third of them. */
async function readInSteps(
  source: TestSource,
  from: { file: string; position: number },
  tls: TlsEndpoint | null,
  count: number,
): Promise<Buffer[]> {
  const events: Buffer[] = [];
  let isPaused = false;
  let session: ReplicationSession | null = null;
  try {
    await new Promise<void>((resolve, reject) => {
      const reading = new ReplicationSession(
        {
          endpoint: { ...endpointOf(source.url), tls },
          serverId: 4713,
          from: { ...from, gtidSet: null },
          heartbeatMs: 5000,
        },
        {
          onEvent: (event) => {
            assert.ok(!isPaused, 'an event came during a pause');
            if (!isLogged(event)) return;
            events.push(event.copy().bytes);
            if (events.length === count) resolve();
            if (events.length % 3 !== 0) return;
            isPaused = true;
            reading.pause();
            setImmediate(() => {
              isPaused = false;
              reading.resume();
            });
          },
          onError: reject,
        },
      );
      session = reading;
    });
  } finally {
    await (session as ReplicationSession | null)?.[Symbol.asyncDispose]();
  }
  return events.slice(0, count);
}

const CASES: readonly (readonly [Flavour, TlsEndpoint | null])[] = [
  ['mysql', null],
  ['mysql', { mode: 'REQUIRED', caPem: null }],
  ['mariadb', null],
];

for (const [flavour, tls] of CASES) {
  const way = tls === null ? 'plainly' : 'encrypted';
  test(`events of ${flavour} come ${way} as they are, whatever pauses there are`, async () => {
    await using source = await TestSource.open(flavour);
    await source.run('CREATE TABLE t (id INT PRIMARY KEY, b LONGBLOB)');
    const from = await binlogEnd(source);
    for (let id = 1; id <= SHORT_ROWS; id++) {
      await source.run(`INSERT INTO t VALUES (${id}, REPEAT('short', ${(id * 37) % 401}))`);
      if (id === SHORT_ROWS / 2) {
        await source.run(`INSERT INTO t VALUES (0, REPEAT('x', ${LONG_BYTES[flavour]}))`);
      }
    }
    const logged = (await readBinlog(source.url, from))
      .map(({ event }) => event)
      .filter((event) => isLogged(new RawEvent(event)));
    assert.ok(logged.length > SHORT_ROWS * 3);
    assert.ok(logged.some((event) => event.length > LONG_BYTES[flavour]));
    const events = await readInSteps(source, from, tls, logged.length);
    events.forEach((event, at) => assert.ok(event.equals(logged[at]), `event ${at} differs`));
  });
}
