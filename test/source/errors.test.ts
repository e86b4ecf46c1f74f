import assert from 'node:assert/strict';
import test from 'node:test';
import { DucktailError, type ErrorCode } from '../../src/common/errors.js';
import { translateSourceError } from '../../src/source/errors.js';

const ENDPOINT = {
  host: 'db.example',
  port: 3307,
  user: 'ada',
  password: 'S3cret',
  database: 'shop',
  tls: null,
};

interface DriverError {
  readonly errno?: number;
  readonly code?: string;
  readonly message: string;
}

const KNOWN: readonly [driver: DriverError, code: ErrorCode, message: RegExp][] = [
  [
    { errno: 1045, message: "Access denied for user 'ada'@'10.0.0.1' (using password: YES)" },
    'source-unsuitable',
    /^MySQL at db\.example:3307 refuses the user 'ada' or its password$/,
  ],
  [
    { errno: 1698, message: 'Access denied' },
    'source-unsuitable',
    /refuses the user 'ada' or its password$/,
  ],
  [
    { errno: 1044, message: 'Access denied for user to database' },
    'source-unsuitable',
    /^user 'ada' may not use the database 'shop'$/,
  ],
  [
    { errno: 1049, message: "Unknown database 'shop'" },
    'source-unsuitable',
    /^there is no database 'shop' at db\.example:3307/,
  ],
  [
    { errno: 1142, message: "SELECT command denied to user 'ada'@'x' for table 't'" },
    'table-failed',
    /^SELECT command denied to user 'ada'@'x' for table 't'$/,
  ],
  [
    { errno: 1143, message: "SELECT command denied to user 'ada'@'x' for column 'c'" },
    'table-failed',
    /for column 'c'$/,
  ],
  [
    { errno: -3008, code: 'ENOTFOUND', message: 'getaddrinfo ENOTFOUND db.example' },
    'source-unsuitable',
    /^host db\.example is unknown$/,
  ],
  [
    { errno: -111, code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 10.0.0.1:3307' },
    'source-unavailable',
    /^MySQL at db\.example:3307: nothing listens there \(connection refused\)$/,
  ],
  [
    { errno: -110, code: 'ETIMEDOUT', message: 'connect ETIMEDOUT' },
    'source-unavailable',
    /: no answer \(timed out\)$/,
  ],
  [
    { code: 'PROTOCOL_CONNECTION_LOST', message: 'Connection lost: …' },
    'source-unavailable',
    /: the connection was lost$/,
  ],
  [
    { message: "Can't add new command when connection is in closed state" },
    'source-unavailable',
    /: the connection was lost$/,
  ],
  [
    { errno: 1205, message: 'Lock wait timeout exceeded; try restarting transaction' },
    'source-unavailable',
    /: Lock wait timeout exceeded/,
  ],
  [{ errno: 1053, message: 'Server shutdown in progress' }, 'source-unavailable', /shutdown/],
  [{ errno: 1040, message: 'Too many connections' }, 'source-unavailable', /Too many/],
  [
    { errno: 3159, message: 'secure transport is required' },
    'source-unsuitable',
    /^TLS with MySQL/,
  ],
  [
    { code: 'HANDSHAKE_SSL_ERROR', message: 'self-signed certificate' },
    'source-unsuitable',
    /^TLS with MySQL at db\.example:3307: self-signed certificate$/,
  ],
  [{ errno: 1412, message: 'Table definition has changed' }, 'table-changed', /definition/],
  [{ errno: 1146, message: "Table 'shop.t' doesn't exist" }, 'table-changed', /shop\.t/],
  [{ errno: 1054, message: "Unknown column 'x'" }, 'table-changed', /'x'/],
  [
    { errno: 1030, message: 'Got error 168 from storage engine' },
    'table-failed',
    /^MySQL error 1030: Got error 168 from storage engine$/,
  ],
];

for (const [driver, code, message] of KNOWN) {
  test(`${driver.errno ?? driver.code ?? driver.message} is ${code}`, () => {
    const cause = Object.assign(new Error(driver.message), driver);
    const error = translateSourceError(cause, ENDPOINT);
    assert.ok(error instanceof DucktailError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.equal(error.cause, cause);
    assert.doesNotMatch(`${error.message}${error.hint ?? ''}`, /S3cret/);
    // What the operator can mend has a hint.
    if (code === 'source-unsuitable' || code === 'source-unavailable') {
      assert.ok(error.hint !== undefined);
    }
  });
}

test('what is not of the driver is a defect, and stays as it is', () => {
  const defect = new TypeError('x is not a function');
  assert.equal(translateSourceError(defect, ENDPOINT), defect);
  const known = new DucktailError('aborted', 'stopped');
  assert.equal(translateSourceError(known, ENDPOINT), known);
});
