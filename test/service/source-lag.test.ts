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
