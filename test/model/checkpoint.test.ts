import assert from 'node:assert/strict';
import test from 'node:test';
import { compareBinlogPositions } from '../../src/model/binlog-position.js';
import { type Checkpoint, includesCheckpoint } from '../../src/model/checkpoint.js';

test('positions are ordered by the number of their file', () => {
  const ascending = [
    { file: 'binlog.000009', position: 999 },
    { file: 'binlog.000010', position: 4 },
    { file: 'binlog.000010', position: 157 },
    { file: 'binlog.999999', position: 4 },
    { file: 'binlog.1000000', position: 4 },
  ];
  for (const [index, a] of ascending.entries()) {
    for (const [other, b] of ascending.entries()) {
      assert.equal(Math.sign(compareBinlogPositions(a, b)), Math.sign(index - other));
    }
  }
  assert.throws(() => compareBinlogPositions(ascending[0], { file: 'binlog', position: 4 }));
});

test('a checkpoint includes another by GTIDs where both have them', () => {
  const early = { file: 'binlog.000001', position: 4 };
  const late = { file: 'binlog.000002', position: 4 };
  const cases: [Checkpoint, Checkpoint, boolean][] = [
    [{ ...late, gtidSet: null }, { ...early, gtidSet: null }, true],
    [{ ...early, gtidSet: null }, { ...early, gtidSet: null }, true],
    [{ ...early, gtidSet: null }, { ...late, gtidSet: null }, false],
    [{ ...late, gtidSet: '0-1-5' }, { ...early, gtidSet: null }, true],
    // On another server of the same history positions mean nothing.
    [{ ...early, gtidSet: '0-1-5' }, { ...late, gtidSet: '0-1-5' }, true],
    [{ ...late, gtidSet: '0-1-5' }, { ...early, gtidSet: '0-1-6' }, false],
  ];
  for (const [whole, part, expected] of cases) {
    assert.equal(includesCheckpoint(whole, part, 'mariadb'), expected);
  }
});
