import assert from 'node:assert/strict';
import test from 'node:test';
import { classifyStatement, type StatementKind } from '../../../src/source/binlog/statements.js';

const other: StatementKind = { kind: 'other' };

const CASES: readonly (readonly [text: string, kind: StatementKind])[] = [
  ['BEGIN', { kind: 'begin' }],
  ['COMMIT', { kind: 'commit' }],
  ['ROLLBACK', { kind: 'rollback' }],
  ['/* by an app */ rollback work', { kind: 'rollback' }],
  ['SAVEPOINT `s1`', { kind: 'savepoint', name: 's1' }],
  ['SAVEPOINT `A ``b`', { kind: 'savepoint', name: 'a `b' }],
  ['ROLLBACK TO `s1`', { kind: 'rollback-to', name: 's1' }],
  ['rollback work to savepoint S1', { kind: 'rollback-to', name: 's1' }],
  ['-- why\n /* and */ ROLLBACK TO s1;', { kind: 'rollback-to', name: 's1' }],
  ['RELEASE SAVEPOINT s1', { kind: 'nothing' }],
  ["XA START X'7831',X'62',1", { kind: 'xa-start', xid: "X'7831',X'62',1" }],
  ["XA END X'7831',X'62',1", { kind: 'nothing' }],
  ["XA COMMIT X'4A',X'',1", { kind: 'xa-commit', xid: "X'4a',X'',1" }],
  ["XA ROLLBACK X'4A', X'', 7", { kind: 'xa-rollback', xid: "X'4a',X'',7" }],
  ['TRUNCATE t', other],
  ['/* BEGIN */ ALTER TABLE t ADD c INT', other],
  ['/*!50001 CREATE VIEW v AS SELECT 1 */', other],
  ["UPDATE t SET v = 'COMMIT'", other],
  ['BEGINNING', other],
  ['BEGIN NOT ATOMIC DELETE FROM t; END', other],
  ['', other],
];

test('transaction keywords are told from statements', () => {
  for (const [text, kind] of CASES) assert.deepEqual(classifyStatement(text), kind, text);
});
