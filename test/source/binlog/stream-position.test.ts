import assert from 'node:assert/strict';
import test from 'node:test';
import { parseGtidSet } from '../../../src/model/gtid-set.js';
import { StreamPosition } from '../../../src/source/binlog/stream-position.js';

const FROM = { file: 'binlog.000007', position: 500, gtidSet: '0-1-5' };
const GTID = { source: '0', server: 1, number: 6n };

test('a checkpoint moves at the ends of transactions alone', () => {
  const position = new StreamPosition(FROM, 'mariadb');
  position.see(600);
  assert.deepEqual(position.checkpoint, FROM);
  position.see(700);
  position.commit(GTID);
  assert.deepEqual(position.checkpoint, { ...FROM, position: 700, gtidSet: '0-1-6' });
  position.startFile({ file: 'binlog.000008', position: 4 }, true);
  position.see(256);
  position.markBoundary();
  const expected = { file: 'binlog.000008', position: 256, gtidSet: '0-1-6' };
  assert.deepEqual(position.checkpoint, expected);
});

test('a stream by GTID keeps the checkpoint while it passes what was told', () => {
  const position = new StreamPosition(FROM, 'mariadb');
  position.startFile({ file: 'binlog.000007', position: 4 }, false);
  position.see(256);
  position.markBoundary();
  assert.deepEqual(position.checkpoint, FROM);
  position.see(700);
  position.commit(GTID);
  assert.deepEqual(position.checkpoint, { ...FROM, position: 700, gtidSet: '0-1-6' });
});

test('positions go on beyond 4 GB, where those of the events begin anew', () => {
  const limit = 2 ** 32;
  const position = new StreamPosition({ ...FROM, position: limit - 100 }, 'mariadb');
  for (const [end, seen] of [
    [limit - 50, limit - 50],
    [70, limit + 70],
    [0, limit + 70],
    [60, limit + 70],
    [3_000_000_000, limit + 3_000_000_000],
    [10, 2 * limit + 10],
  ]) {
    position.see(end);
    assert.equal(position.seen, seen);
  }
});

test('a transaction without GTID ends the set, and a file tells it again', () => {
  const position = new StreamPosition(FROM, 'mariadb');
  position.see(600);
  position.commit(null);
  assert.equal(position.checkpoint.gtidSet, null);
  position.adopt(parseGtidSet('0-1-9', 'mariadb'));
  assert.equal(position.checkpoint.gtidSet, '0-1-9');
});
