import assert from 'node:assert/strict';
import test from 'node:test';
import { type Gtid, type GtidFlavour, parseGtidSet } from '../../src/model/gtid-set.js';

const A = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const B = '2c256447-3f0d-431b-9a25-bddf1f1f6ef6';

const mysql = (source: string, number: number): Gtid => ({
  source,
  server: 0,
  number: BigInt(number),
});
const mariadb = (domain: number, server: number, number: number): Gtid => ({
  source: String(domain),
  server,
  number: BigInt(number),
});

test('sets are printed as the server does', () => {
  const cases: [GtidFlavour, string, string][] = [
    ['mysql', '', ''],
    ['mysql', `${A}:1-5`, `${A}:1-5`],
    ['mysql', `${A}:7:1-5`, `${A}:1-5:7`],
    ['mysql', `${A}:1-3:4-5:2`, `${A}:1-5`],
    ['mysql', `${A.toUpperCase()}:1,\n ${B}:2-9`, `${B}:2-9,${A}:1`],
    ['mysql', `${A}:tag_b:1:tag_a:1-3`, `${A}:tag_a:1-3:tag_b:1`],
    ['mysql', `${A}:1-5:t:2,${B}:u:1`, `${B}:u:1,${A}:1-5:t:2`],
    ['mysql', `${A}:9223372036854775806`, `${A}:9223372036854775806`],
    ['mariadb', '', ''],
    ['mariadb', '1-2-7,0-1-42', '0-1-42,1-2-7'],
    ['mariadb', '10-1-1, 9-1-1', '9-1-1,10-1-1'],
    ['mariadb', '0-1-18446744073709551615', '0-1-18446744073709551615'],
  ];
  for (const [flavour, text, canonical] of cases) {
    assert.equal(parseGtidSet(text, flavour).toString(), canonical);
  }
});

test('what is no set is refused', () => {
  const cases: [GtidFlavour, string][] = [
    ['mysql', '0-1-42'],
    ['mysql', A],
    ['mysql', `${A}:0`],
    ['mysql', `${A}:5-4`],
    ['mysql', `${A}:tag`],
    ['mysql', `${A}:tag:other:1`],
    ['mysql', 'no-uuid:1-5'],
    ['mariadb', `${A}:1-5`],
    ['mariadb', '0-1-1,0-2-2'],
    ['mariadb', '0-1'],
  ];
  for (const [flavour, text] of cases) {
    assert.throws(() => parseGtidSet(text, flavour), /malformed GTID set/, text);
  }
});

test('a MySQL set takes up transactions in any order', () => {
  const set = parseGtidSet(`${A}:1-3`, 'mysql');
  for (const number of [4, 5, 9, 7, 2]) set.add(mysql(A, number));
  assert.equal(set.toString(), `${A}:1-5:7:9`);
  set.add(mysql(A, 8));
  set.add(mysql(`${A}:tag`, 1));
  set.add(mysql(B, 3));
  assert.equal(set.toString(), `${B}:3,${A}:1-5:7-9:tag:1`);
  for (const [gtid, isIn] of [
    [mysql(A, 5), true],
    [mysql(A, 6), false],
    [mysql(A, 8), true],
    [mysql(A, 10), false],
    [mysql(`${A}:tag`, 1), true],
    [mysql(`${A}:tag`, 2), false],
    [mysql(B, 1), false],
  ] as const) {
    assert.equal(set.contains(gtid), isIn, `${gtid.source}:${gtid.number}`);
  }
});

test('a MariaDB position stands for all before it in its domain', () => {
  const set = parseGtidSet('0-1-42', 'mariadb');
  assert.equal(set.contains(mariadb(0, 2, 42)), true);
  assert.equal(set.contains(mariadb(0, 1, 43)), false);
  assert.equal(set.contains(mariadb(1, 1, 1)), false);
  set.add(mariadb(0, 3, 43));
  set.add(mariadb(1, 1, 5));
  assert.equal(set.toString(), '0-3-43,1-1-5');
});

test('union and comparison', () => {
  const cases: [GtidFlavour, string, string, string, string][] = [
    ['mysql', '', '', 'equal', ''],
    ['mysql', `${A}:1-5`, `${A}:1-5`, 'equal', `${A}:1-5`],
    ['mysql', '', `${A}:1-5`, 'within', `${A}:1-5`],
    ['mysql', `${A}:2-3:5`, `${A}:1-5`, 'within', `${A}:1-5`],
    ['mysql', `${A}:1-9,${B}:1`, `${A}:1-5:7`, 'beyond', `${B}:1,${A}:1-9`],
    ['mysql', `${A}:1-5`, `${A}:1-4:6`, 'apart', `${A}:1-6`],
    ['mysql', `${A}:1-5`, `${A}:t:1`, 'apart', `${A}:1-5:t:1`],
    ['mysql', `${A}:1-3:5-9`, `${A}:3-5`, 'apart', `${A}:1-9`],
    ['mariadb', '0-1-5', '0-2-7', 'within', '0-2-7'],
    ['mariadb', '0-1-5,1-1-1', '0-1-5', 'beyond', '0-1-5,1-1-1'],
    ['mariadb', '0-1-5', '1-1-5', 'apart', '0-1-5,1-1-5'],
  ];
  for (const [flavour, a, b, expected, union] of cases) {
    const [left, right] = [parseGtidSet(a, flavour), parseGtidSet(b, flavour)];
    assert.equal(left.compare(right), expected, `${a} and ${b}`);
    assert.equal(left.union(right).toString(), union);
    assert.equal(left.toString(), parseGtidSet(a, flavour).toString(), 'a union changes neither');
  }
});

test('sets of different servers are not compared', () => {
  const mariadbSet = parseGtidSet('', 'mariadb');
  assert.throws(() => parseGtidSet('', 'mysql').isSubsetOf(mariadbSet), /nothing in common/);
});

test('sets are related where a server, or a domain, is in both', () => {
  const uuid = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
  const related = (one: string, other: string, flavour: 'mysql' | 'mariadb'): boolean =>
    parseGtidSet(one, flavour).isRelatedTo(parseGtidSet(other, flavour));
  assert.equal(related(`${uuid}:1-3`, `${uuid}:9`, 'mysql'), true);
  assert.equal(related(`${uuid}:1-3`, '', 'mysql'), false);
  assert.equal(related(`${uuid}:1`, uuid.replace('3e', '4e') + ':1', 'mysql'), false);
  assert.equal(related('0-1-5', '0-2-3,1-1-1', 'mariadb'), true);
  assert.equal(related('0-1-5', '1-1-5', 'mariadb'), false);
});
