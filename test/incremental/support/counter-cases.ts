import type { TableCase } from './table-case.js';

/** Tables that an AUTO_INCREMENT column tells about: rows are only inserted. */
export const COUNTER_CASES: readonly TableCase[] = [
  {
    table: 'counter',
    ddl: '(id SMALLINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, v INT)',
    seed: ['INSERT INTO @ (v) VALUES (1), (2), (3)'],
    change: ['INSERT INTO @ (v) VALUES (4), (5)'],
    counts: { inserted: 2, updated: 0, unchanged: 3 },
  },
  {
    table: 'counter_far',
    ddl: '(id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
    seed: ['INSERT INTO @ VALUES (-5, -5), (1, 1), (20000, 2), (30000, 3)'],
    change: ['INSERT INTO @ (v) VALUES (4)', 'DELETE FROM @ WHERE id = 1'],
    counts: { inserted: 1, updated: 0 },
    gone: 1,
  },
  {
    table: 'counter_late',
    ddl: '(id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
    seed: ['INSERT INTO @ VALUES (11000, 1), (20000, 2)'],
    change: ['INSERT INTO @ VALUES (10001, 3), (19999, 4)'],
    counts: { inserted: 2, updated: 0, unchanged: 2 },
  },
  {
    table: 'counter_last',
    ddl: '(id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, v INT)',
    seed: ['INSERT INTO @ VALUES (1, 1), (18446744073709551600, 2), (18446744073709551608, 3)'],
    change: ['INSERT INTO @ VALUES (18446744073709551609, 4), (18446744073709551601, 5)'],
    counts: { inserted: 2, updated: 0, unchanged: 2 },
  },
  {
    table: 'counter_beside_key',
    ddl: '(a VARCHAR(5) PRIMARY KEY, id BIGINT NOT NULL AUTO_INCREMENT, KEY (id))',
    seed: ["INSERT INTO @ (a) VALUES ('z'), ('y')"],
    change: ["INSERT INTO @ (a) VALUES ('a'), ('x')"],
    counts: { inserted: 2, updated: 0, unchanged: 2 },
  },
];
