import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { loadReplicaConfig } from '../../config/load.js';
import { TempFolder } from '../helpers/temp-folder.js';

const KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';
const BASE = { DUCKDB_PATH: 'replica.duckdb' };

const REFUSED: readonly [variables: Record<string, string>, said: RegExp][] = [
  [{ BACKUP_SCHEDULE: '0 3 * * *' }, /^BACKUP_SCHEDULE is set, but not BACKUP_TARGET$/],
  [{ BACKUP_ENCRYPTION_KEY: `${KEY}0` }, /^BACKUP_ENCRYPTION_KEY must be 32 bytes in hex/],
  [{ BACKUP_TARGET: 'gs://bucket/x' }, /^BACKUP_TARGET must be a folder or s3:\/\/bucket\/path$/],
  [{ AWS_ACCESS_KEY_ID: 'AKIA' }, /are only good together$/],
  [{ S3_ENDPOINT: 'minio' }, /^S3_ENDPOINT must be a URL/],
  [{ S3_ENDPOINT: 'http://user:geheim@minio' }, /^S3_ENDPOINT must be a URL/],
  [{ SNAPSHOT_PATH: './replica.duckdb' }, /^SNAPSHOT_PATH is DUCKDB_PATH/],
  [{ PARTITION_BY: 'orders' }, /^PARTITION_BY has 'orders', which is not table\.column$/],
  [{ DUCKDB_ENCRYPTION_KEY: KEY }, /^DUCKDB_ENCRYPTION_KEY is set, but this build of DuckDB/],
];

for (const [variables, said] of REFUSED) {
  test(`${Object.keys(variables).join()} of ${Object.values(variables).join()} is refused`, () => {
    assert.throws(
      () => loadReplicaConfig({ ...BASE, ...variables }),
      (error: Error) => {
        assert.match(error.message, said);
        assert.ok(!error.message.includes(KEY) && !error.message.includes('geheim'));
        return true;
      },
    );
  });
}

test('credentials of S3 are taken together, a token with them', () => {
  const account = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret' };
  const { s3Credentials } = loadReplicaConfig({ ...BASE, ...account });
  assert.deepEqual(s3Credentials, { accessKeyId: 'AKIA', secretAccessKey: 'secret' });
  const temporary = loadReplicaConfig({ ...BASE, ...account, AWS_SESSION_TOKEN: 'token' });
  assert.equal(temporary.s3Credentials?.sessionToken, 'token');
  assert.equal(loadReplicaConfig(BASE).s3Credentials, null);
});

test('the refusal of DUCKDB_ENCRYPTION_KEY is what DuckDB says itself', async () => {
  await using folder = await TempFolder.open();
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await assert.rejects(
      connection.run(`ATTACH '${folder.file('sealed.duckdb')}' AS sealed (ENCRYPTION_KEY 'key')`),
      /read-only crypto module/,
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(folder.file('sealed.duckdb'), { force: true });
  }
});
