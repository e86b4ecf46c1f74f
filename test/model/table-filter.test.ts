import assert from 'node:assert/strict';
import test from 'node:test';
import { contradictions, selectsTable } from '../../src/model/table-filter.js';

const TABLES = ['orders', 'Orders', 'order_items', 'items', 'a.b', 'axb', 'line\nbreak', 'caf😀'];

const CASES: readonly [include: string[], exclude: string[], selected: string[]][] = [
  [[], [], TABLES],
  [['orders'], [], ['orders']],
  [['order*'], [], ['orders', 'order_items']],
  [['*item*'], [], ['order_items', 'items']],
  [['*'], ['*o*'], ['Orders', 'items', 'a.b', 'axb', 'line\nbreak', 'caf😀']],
  [[], ['[a-z]*', '(items)'], TABLES],
  [['a.b', 'line*', 'caf*'], [], ['a.b', 'line\nbreak', 'caf😀']],
  [['order*', 'items'], ['order_items'], ['orders', 'items']],
  [['missing'], [], []],
];

test('globs select tables by their whole name, with case', () => {
  for (const [include, exclude, selected] of CASES) {
    const filter = { include, exclude };
    assert.deepEqual(
      TABLES.filter((table) => selectsTable(filter, table)),
      selected,
      JSON.stringify(filter),
    );
  }
});

test('an include that the excludes cover wholly is a contradiction', () => {
  const cases: readonly [include: string[], exclude: string[], entries: number][] = [
    [['orders'], ['orders'], 1],
    [['orders'], ['ord*'], 1],
    [['ord*'], ['o*'], 1],
    [['ord*'], ['orders'], 0],
    [['ord*', 'items', 'users'], ['*s', 'x'], 2],
    [['orders'], ['Orders'], 0],
    [[], ['orders'], 0],
  ];
  for (const [include, exclude, entries] of cases) {
    const found = contradictions({ include, exclude });
    assert.equal(found.include.length, entries, JSON.stringify({ include, exclude }));
    assert.deepEqual(found.exclude, []);
  }
  assert.deepEqual(contradictions({ include: ['a'], exclude: ['*'] }), {
    include: [],
    exclude: ["has '*', which leaves no table"],
  });
});
