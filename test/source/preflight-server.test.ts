import assert from 'node:assert/strict';
import test from 'node:test';
import { parseServerVersion, versionFinding } from '../../src/source/preflight-server.js';

const VERSIONS: readonly [text: string, product: string, number: string, isOld: boolean][] = [
  ['9.7.4-2', 'MySQL', '9.7', false],
  ['8.0.36-28.1', 'MySQL', '8.0', false],
  ['5.7.44-log', 'MySQL', '5.7', false],
  ['5.6.51', 'MySQL', '5.6', true],
  ['11.4.2-MariaDB-ubu2404', 'MariaDB', '11.4', false],
  ['10.11.14-MariaDB-0+deb12u2-log', 'MariaDB', '10.11', false],
  ['10.3.39-MariaDB', 'MariaDB', '10.3', false],
  ['10.2.44-MariaDB', 'MariaDB', '10.2', true],
  ['5.5.68-MariaDB', 'MariaDB', '5.5', true],
];

test('versions are read, and old ones warned of', () => {
  for (const [text, product, number, isOld] of VERSIONS) {
    const version = parseServerVersion(text);
    assert.equal(`${version.product} ${version.major}.${version.minor}`, `${product} ${number}`);
    assert.equal(versionFinding(version).level, isOld ? 'warning' : 'ok', text);
  }
  assert.deepEqual(versionFinding(parseServerVersion('5.6.51')), {
    level: 'warning',
    what: 'the server is MySQL 5.6.51, older than Ducktail is made for',
    remedy: 'Upgrade it to MySQL 5.7 or newer.',
  });
});
