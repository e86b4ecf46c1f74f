import assert from 'node:assert/strict';
import test from 'node:test';
import { answers, query } from './server-query.js';
import { type Flavour, openTestServer } from './test-server.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

for (const flavour of FLAVOURS) {
  test(`a ${flavour} server keeps port and data over kill and stop`, async () => {
    await using server = await openTestServer(flavour, { ignoreUrl: true });
    const { url } = server;
    await query(url, 'CREATE DATABASE d', 'CREATE TABLE d.t (n INT PRIMARY KEY)');
    await query(url, 'INSERT INTO d.t VALUES (7)');
    const { id } = await query(url, 'SELECT @@server_id AS id');
    await server.kill();
    assert.equal(await answers(url), false);
    await server.start();
    await server.stop();
    assert.equal(await answers(url), false);
    await server.start();
    assert.equal(server.url, url);
    assert.equal((await query(url, 'SELECT n FROM d.t')).n, 7);
    assert.equal((await query(url, 'SELECT @@server_id AS id')).id, id);
  });
}

test('two servers at once are independent and end with their disposal', async () => {
  const first = await openTestServer('mysql', { ignoreUrl: true });
  const second = await openTestServer('mysql', {
    ignoreUrl: true,
    extraArguments: ['--max-connections=77'],
  });
  try {
    assert.notEqual(first.url, second.url);
    const identity = 'SELECT @@server_uuid AS uuid, @@max_connections AS connections';
    const [one, two] = [await query(first.url, identity), await query(second.url, identity)];
    assert.notEqual(one.uuid, two.uuid);
    assert.equal(two.connections, 77);
  } finally {
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
  }
  assert.equal(await answers(first.url), false);
  assert.equal(await answers(second.url), false);
});
