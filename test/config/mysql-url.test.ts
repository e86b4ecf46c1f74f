import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { describeEndpoint, parseMysqlUrl } from '../../config/mysql-url.js';
import type { MysqlEndpoint } from '../../src/model/mysql-endpoint.js';

const PLAIN: MysqlEndpoint = {
  host: 'db',
  port: 3306,
  user: 'u',
  password: 'p',
  database: 'shop',
  tls: null,
};

const GOOD: readonly [string, Partial<MysqlEndpoint>][] = [
  ['mysql://u:p@db/shop', {}],
  ['mariadb://u:p@db/shop/', {}],
  ['MySQL://u:p@db:3307/shop', { port: 3307 }],
  ['mysql://u@db/shop', { password: '' }],
  ['mysql://u:@db/shop', { password: '' }],
  ['mysql://u:a:b@db/shop', { password: 'a:b' }],
  ['mysql://u:a@b@db/shop', { password: 'a@b' }],
  [
    'mysql://us%40er:p%2F%3F%23%25%C3%A9@db/my%20shop%2F1',
    { user: 'us@er', password: 'p/?#%é', database: 'my shop/1' },
  ],
  ['mysql://u:p@127.0.0.1:1/shop', { host: '127.0.0.1', port: 1 }],
  ['mysql://u:p@[::1]/shop', { host: '::1' }],
  ['mysql://u:p@[fe80::1:2]:65535/shop', { host: 'fe80::1:2', port: 65_535 }],
  ['mysql://u:p@db/shop?ssl-mode=DISABLED', {}],
  ['mysql://u:p@db/shop?ssl-mode=required', { tls: { mode: 'REQUIRED', caPem: null } }],
  ['mysql://u:p@db/shop?ssl-mode=VERIFY_CA', { tls: { mode: 'VERIFY_CA', caPem: null } }],
];

test('a URL becomes an endpoint', () => {
  for (const [url, parts] of GOOD) {
    const expected = { endpoint: { ...PLAIN, ...parts }, problems: [] };
    assert.deepEqual(parseMysqlUrl(url), expected, url);
  }
});

const UNENCODED = 'has one of @ / ? # unencoded; write %40 %2F %3F %23 for them in a password';
const SHAPE = 'it must look like mysql://user:password@host:port/database';
const NO_SERVER =
  'has a host or port that is none: after the @ goes a name or address (IPv6 in []), then : and ' +
  'a number from 1 to 65535';

const BAD: readonly [string, readonly string[]][] = [
  ['db/shop', [`is not a MySQL URL; ${SHAPE}`]],
  ['postgres://u:PASS@db/shop', [`is not a MySQL URL; ${SHAPE}`]],
  ['mysql://db/shop', [`names no user; ${SHAPE}`]],
  ['mysql://:PASS@db/shop', [`names no user; ${SHAPE}`]],
  ['mysql://@db/shop', [`names no user; ${SHAPE}`]],
  ['mysql://u:PA/SS@db/shop', [UNENCODED]],
  ['mysql://u:PA?SS@db/shop', [UNENCODED]],
  ['mysql://u:PA#SS@db/shop', [UNENCODED]],
  ['mysql://u:P@A?SS@db/shop', [UNENCODED]],
  ['mysql://u:PA%SS@db/shop', ['has a % in its password that encodes nothing; write %25 for a %']],
  ['mysql://u:PASS@/shop', [`names no host; ${SHAPE}`]],
  ['mysql://u:PASS@db:0/shop', [NO_SERVER]],
  ['mysql://u:PASS@db:x/shop', [NO_SERVER]],
  ['mysql://u:PASS@::1/shop', [NO_SERVER]],
  ['mysql://u:PASS@db', [`names no database; ${SHAPE}`]],
  ['mysql://u:PASS@db/', [`names no database; ${SHAPE}`]],
  ['mysql://u:PASS@db/a/b', ['has more than one name in its path; write %2F for a /']],
  [
    'mysql://u:PASS@db/shop?charset=utf8&ssl-mode=PREFERRED',
    [
      "has the unknown parameter 'charset'; ssl-mode and ssl-ca are known",
      'has ssl-mode=PREFERRED; it must be one of DISABLED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY',
    ],
  ],
  ['mysql://u:PASS@db/shop?ssl-mode=REQUIRED&ssl-mode=DISABLED', ['gives ssl-mode twice']],
  [
    'mysql://u:PASS@db/shop?ssl-mode=VERIFY_CA&ssl-ca=/no/such/ca.pem',
    ["names the ssl-ca file '/no/such/ca.pem', which can't be read: there is no such file"],
  ],
];

test('a wrong URL is told with every problem and without its password', () => {
  for (const [url, problems] of BAD) {
    assert.deepEqual(parseMysqlUrl(url), { endpoint: null, problems }, url);
    assert.doesNotMatch(problems.join(), /PASS|PA\b|SS@/, url);
  }
});

test('the CA file is read, and refused where it is of no use', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ducktail url & '));
  try {
    const file = join(folder, 'ca.pem');
    const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    await writeFile(file, pem);
    const url = `mysql://u:p@db/shop?ssl-ca=${encodeURIComponent(file)}`;
    assert.deepEqual(parseMysqlUrl(`${url}&ssl-mode=VERIFY_IDENTITY`).endpoint?.tls, {
      mode: 'VERIFY_IDENTITY',
      caPem: pem,
    });
    assert.deepEqual(parseMysqlUrl(`${url}&ssl-mode=REQUIRED`).problems, [
      'has ssl-ca without ssl-mode=VERIFY_CA or VERIFY_IDENTITY, so it is never used',
    ]);
    await writeFile(file, 'not a certificate');
    assert.deepEqual(parseMysqlUrl(`${url}&ssl-mode=VERIFY_CA`).problems, [
      `names the ssl-ca file '${file}', which holds no PEM certificate`,
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('an endpoint is described without its password', () => {
  const described: readonly [Partial<MysqlEndpoint>, string][] = [
    [{}, 'mysql://u@db:3306/shop'],
    [{ host: '::1', port: 3307 }, 'mysql://u@[::1]:3307/shop'],
    [{ user: 'a@b', database: 'my shop' }, 'mysql://a%40b@db:3306/my%20shop'],
    [{ tls: { mode: 'VERIFY_CA', caPem: 'PEM' } }, 'mysql://u@db:3306/shop?ssl-mode=VERIFY_CA'],
  ];
  for (const [parts, text] of described) {
    const endpoint = { ...PLAIN, password: 's3cret', ...parts };
    assert.equal(describeEndpoint(endpoint), text);
    const { password, tls, ...rest } = parseMysqlUrl(text).endpoint ?? endpoint;
    assert.equal(password, '');
    assert.deepEqual(
      { ...rest, mode: tls?.mode },
      {
        host: endpoint.host,
        port: endpoint.port,
        user: endpoint.user,
        database: endpoint.database,
        mode: endpoint.tls?.mode,
      },
    );
  }
});
