import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { MysqlEndpoint, TlsEndpoint } from '../../src/model/mysql-endpoint.js';
import { openSession } from '../../src/source/connect.js';
import { TestSource } from '../helpers/test-source.js';
import { endpointOf } from './test-account.js';

const CIPHER = `SHOW SESSION STATUS LIKE 'Ssl_cipher'`;

/**
 * MySQL makes a CA and a certificate for itself in its data folder at its first start. Null where
 * that folder is another machine's: a server from a URL or a container.
 */
async function serverCa(source: TestSource): Promise<string | null> {
  const [[folder]] = await source.texts('SELECT @@datadir');
  return readFile(join(folder ?? '', 'ca.pem'), 'utf8').catch(() => null);
}

const NO_CA = "the server's CA is out of reach";

function withTls(source: TestSource, tls: TlsEndpoint): MysqlEndpoint {
  return { ...endpointOf(source.url), tls };
}

async function cipherOf(endpoint: MysqlEndpoint): Promise<string> {
  await using session = await openSession(endpoint);
  const [status] = await session.query<{ Value: string }>(CIPHER);
  return status.Value;
}

test('a session is encrypted if and only if the URL says so', async () => {
  await using source = await TestSource.open('mysql');
  assert.equal(await cipherOf(endpointOf(source.url)), '');
  assert.notEqual(await cipherOf(withTls(source, { mode: 'REQUIRED', caPem: null })), '');
});

test('VERIFY_CA takes the CA that signed the certificate and no other', async (t) => {
  await using source = await TestSource.open('mysql');
  const caPem = await serverCa(source);
  if (caPem === null) {
    t.skip(NO_CA);
    return;
  }
  assert.notEqual(await cipherOf(withTls(source, { mode: 'VERIFY_CA', caPem })), '');
  // Without a CA of one's own those of the system count, which didn't sign it.
  await assert.rejects(cipherOf(withTls(source, { mode: 'VERIFY_CA', caPem: null })), {
    name: 'DucktailError',
    code: 'source-unsuitable',
    message: /^TLS with MySQL at 127\.0\.0\.1:\d+: .*certificate/,
  });
});

test('VERIFY_IDENTITY refuses a certificate for another host', async (t) => {
  await using source = await TestSource.open('mysql');
  const caPem = await serverCa(source);
  if (caPem === null) {
    t.skip(NO_CA);
    return;
  }
  await assert.rejects(cipherOf(withTls(source, { mode: 'VERIFY_IDENTITY', caPem })), {
    name: 'DucktailError',
    code: 'source-unsuitable',
    message: /^TLS with MySQL at 127\.0\.0\.1:\d+: /,
  });
});

for (const flavour of ['mysql', 'mariadb'] as const) {
  test(`what a session on ${flavour} reads does not depend on the server's settings`, async () => {
    await using source = await TestSource.open(flavour);
    await source.run('CREATE TABLE t (c CHAR(3))', `INSERT INTO t VALUES ('a')`);
    await using session = await openSession(endpointOf(source.url));
    const [settings] = await session.query<Record<string, string>>(
      `SELECT @@session.time_zone AS zone, @@session.sql_mode AS mode,
              @@session.character_set_results AS results, LENGTH(c) AS length FROM t`,
    );
    assert.deepEqual(
      { ...settings, length: Number(settings.length) },
      {
        zone: '+00:00',
        mode: '',
        results: 'utf8mb4',
        length: 1,
      },
    );
  });
}
