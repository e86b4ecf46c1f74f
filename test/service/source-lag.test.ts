import assert from 'node:assert/strict';
import test from 'node:test';
import { SourceLag } from '../../src/service/source-lag.js';
import type { SourceHistory } from '../../src/source/source-history.js';

const OLD = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const NEW = '4e11fa47-71ca-11e1-9e33-c80aa9429562';

function stream(gtidSet: string | null) {
  const checkpoint = { gtidSet, file: 'binlog.000003', position: 1000 };
  return { sourceIdentity: OLD, checkpoint, sourceTimeMs: null };
}

function source(identity: string, gtidSet: string | null): SourceHistory {
  return { flavour: 'mysql', identity, serverId: 1, gtidSet, end: null };
}

test('a source that has everything is followed', () => {
  const lag = new SourceLag();
  lag.require(null, source(NEW, ''));
  lag.require(stream(`${OLD}:1-5`), source(NEW, `${OLD}:1-5,${NEW}:1`));
  lag.require(stream(''), source(OLD, ''));
  lag.require(stream(null), source(NEW, `${NEW}:1`));
  lag.require(stream(`${OLD}:1-5`), source(OLD, null));
});

test('another server of the same history is waited for, and not for ever', () => {
  const lag = new SourceLag(20);
  const lagging = source(NEW, `${OLD}:1-4`);
  const require = (): void => {
    lag.require(stream(`${OLD}:1-5`), lagging);
  };
  assert.throws(require, { code: 'source-unavailable' });
  const until = performance.now() + 20;
  while (performance.now() <= until);
  assert.throws(require, { code: 'history-lost' });
});

test('the same server has forgotten what it lacks; a stranger never had it', () => {
  const lag = new SourceLag();
  for (const other of [source(OLD, `${OLD}:1-4`), source(OLD, ''), source(NEW, `${NEW}:1-9`)]) {
    assert.throws(
      () => {
        lag.require(stream(`${OLD}:1-5`), other);
      },
      { code: 'history-lost' },
    );
  }
});

test('the binlog of the same server never ends before what was read of it', () => {
  const ending = (identity: string, end: SourceHistory['end']) => ({
    ...source(identity, `${OLD}:1-9`),
    end,
  });
  const known = stream(`${OLD}:1-5`);
  const ours = { ...known, checkpoint: { ...known.checkpoint, fileTimeMs: 1_700_000_000_000 } };
  const before = { file: 'binlog.000003', position: 999 };
  const lag = new SourceLag();
  for (const end of [before, { file: 'binlog.000002', position: 5000 }]) {
    assert.throws(
      () => {
        lag.require(ours, ending(OLD, end));
      },
      { code: 'history-lost' },
    );
  }
  lag.require(ours, ending(OLD, { file: 'binlog.000003', position: 1000 }));
  lag.require(ours, ending(OLD, null));
  // Files of another server, or a position that may be another one's.
  lag.require(ours, ending(NEW, before));
  lag.require(known, ending(OLD, before));
});
