import assert from 'node:assert/strict';
import test from 'node:test';
import { backupName, expired, findBackups, type Retention } from '../../src/keep/backup-name.js';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-03-01T12:00:00.123Z');

/** Backups that are so many days old. */
function aged(days: readonly number[]) {
  return findBackups(
    days.map((age) => ({
      name: backupName('0a1b2c3d', NOW - age * DAY_MS, 'duckdb'),
      files: ['manifest.json', 'replica.duckdb'],
    })),
  );
}

const CASES: readonly [days: number[], Retention, removed: number[]][] = [
  [[], { count: 1, days: null }, []],
  [[0], { count: 1, days: null }, []],
  [[0, 1, 2], { count: 2, days: null }, [2]],
  [[2, 0, 1], { count: 1, days: null }, [1, 2]],
  [[0, 1, 2, 3], { count: 10, days: 2 }, [3]],
  [[5, 6], { count: 10, days: 2 }, [6]],
  [[0, 1, 9], { count: 2, days: 1 }, [9]],
];

for (const [days, retention, removed] of CASES) {
  test(`of backups ${days.join(', ') || 'none'} days old, ${JSON.stringify(retention)} removes ${removed.join(', ') || 'none'}`, () => {
    const ages = expired(aged(days), retention, NOW).map(({ timeMs }) => (NOW - timeMs) / DAY_MS);
    assert.deepEqual(ages, removed);
  });
}

test('a name says what it is', () => {
  const name = backupName('0a1b2c3d', NOW, 'parquet');
  assert.equal(name, 'ducktail-0a1b2c3d-20260301T120000123Z-parquet');
  const folders = [
    { name, files: ['manifest.json.enc'] },
    { name: 'ducktail-notes', files: [] },
    { name: backupName('0a1b2c3d', NOW, 'duckdb'), files: ['replica.duckdb'] },
  ];
  const known = { replicaId: '0a1b2c3d', timeMs: NOW };
  assert.deepEqual(
    findBackups(folders).map(({ name: _name, ...rest }) => rest),
    [
      { ...known, content: 'parquet', isWhole: true },
      { ...known, content: 'duckdb', isWhole: false },
    ],
  );
});

test('formats are counted apart, and what is not whole counts as none', () => {
  const backups = findBackups([
    { name: backupName('aa', NOW, 'duckdb'), files: [] },
    { name: backupName('aa', NOW - 1, 'duckdb'), files: ['manifest.json'] },
    { name: backupName('aa', NOW - 2, 'parquet'), files: ['manifest.json'] },
  ]);
  assert.deepEqual(expired(backups, { count: 1, days: 1 }, NOW + 9 * DAY_MS), []);
});
