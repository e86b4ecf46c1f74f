import assert from 'node:assert/strict';
import test from 'node:test';
import { DucktailError, type ErrorCode } from '../../../src/common/errors.js';
import { translateReplicationError } from '../../../src/source/binlog/errors.js';
import { endpointOf } from '../test-account.js';

const ENDPOINT = endpointOf('mysql://ada:S3cret@db.example:3307/shop');

const KNOWN: readonly [message: string, code: ErrorCode, hint: RegExp][] = [
  [
    'log event entry exceeded max_allowed_packet; Increase max_allowed_packet on source; the first ' +
      "event 'binlog.000001' at 4, the last event read from 'binlog.000001' at 157",
    'source-unsuitable',
    /SET GLOBAL max_allowed_packet = 1073741824/,
  ],
  [
    "bogus data in log event; the first event 'binlog.000001' at 190",
    'history-lost',
    /copied again/,
  ],
  [
    'Cannot replicate because the source purged required binary logs.',
    'history-lost',
    /copied again/,
  ],
];

for (const [message, code, hint] of KNOWN) {
  test(`${code}: ${message}`, () => {
    const error = translateReplicationError({ errno: 1236, message }, ENDPOINT);
    assert.ok(error instanceof DucktailError);
    assert.equal(error.code, code);
    assert.match(error.hint ?? '', hint);
  });
}
