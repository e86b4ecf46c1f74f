import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { RunningService } from './support/running-service.js';
import { assertSameReplica } from './support/same-replica.js';

const FAMILY = [
  'CREATE TABLE parents (id INT PRIMARY KEY, code VARCHAR(20) UNIQUE, v INT)',
  `CREATE TABLE children (id INT PRIMARY KEY, parent INT, code VARCHAR(20), v INT,
     FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE ON UPDATE CASCADE,
     FOREIGN KEY (code) REFERENCES parents (code) ON DELETE SET NULL ON UPDATE CASCADE)`,
  `CREATE TABLE grandchildren (id INT PRIMARY KEY, child INT, v INT,
     FOREIGN KEY (child) REFERENCES children (id) ON DELETE CASCADE)`,
  // Their dates are rejected, and with the rows they have to be off the record.
  `CREATE TABLE pets (id INT PRIMARY KEY, child INT, born DATE,
     FOREIGN KEY (child) REFERENCES children (id) ON DELETE CASCADE)`,
  'CREATE TABLE strangers (id INT PRIMARY KEY, v INT)',
];
const FAMILY_ROWS = [
  "INSERT INTO parents SELECT seq, CONCAT('c', seq), seq FROM seq_1_to_40",
  "INSERT INTO children SELECT seq, 1 + seq % 40, CONCAT('c', 1 + seq % 7), seq FROM seq_1_to_120",
  'INSERT INTO grandchildren SELECT seq, 1 + seq % 120, seq FROM seq_1_to_240',
  "INSERT INTO pets SELECT seq, seq, IF(seq % 3 = 0, '2024-01-01', '0000-00-00') FROM seq_1_to_120",
  'INSERT INTO strangers SELECT seq, seq FROM seq_1_to_40',
];

/** Each at the end of its own, before everything is compared. */
const CHANGES: Readonly<Record<string, readonly string[]>> = {
  'a parent that goes and comes again with another child': [
    'BEGIN',
    'DELETE FROM parents WHERE id = 20',
    "INSERT INTO parents VALUES (20, 'c20', 1)",
    'INSERT INTO children VALUES (500, 20, NULL, 1)',
    'COMMIT',
  ],
  'a column that is referenced and no part of the key': [
    "UPDATE parents SET code = 'new' WHERE id = 3",
    "UPDATE parents SET code = CONCAT(code, '!'), v = 0 WHERE id < 6",
    'UPDATE parents SET v = -1',
  ],
  'no checks of foreign keys': [
    'SET foreign_key_checks = 0',
    'DELETE FROM parents WHERE id = 21',
    "UPDATE parents SET id = 1022, code = 'unchecked' WHERE id = 22",
    'SET foreign_key_checks = 1',
    'DELETE FROM parents WHERE id = 23',
  ],
  'three generations between other changes': [
    'BEGIN',
    'UPDATE strangers SET v = v + 1',
    'UPDATE grandchildren SET v = v + 1',
    'INSERT INTO children VALUES (600, 24, NULL, 1)',
    'INSERT INTO grandchildren VALUES (600, 600, 1)',
    'DELETE FROM parents WHERE id IN (24, 25)',
    'UPDATE grandchildren SET v = v + 1',
    'DELETE FROM strangers WHERE id = 1',
    'DELETE FROM parents WHERE id = 26',
    "INSERT INTO parents VALUES (24, 'c24', 1)",
    'INSERT INTO children VALUES (600, 24, NULL, 2)',
    'INSERT INTO grandchildren VALUES (600, 600, 2)',
    'COMMIT',
  ],
  'parents one by one, with others between': Array.from({ length: 8 }, (_, at) => [
    `DELETE FROM parents WHERE id = ${27 + at}`,
    `UPDATE strangers SET v = 0 WHERE id = ${5 + at}`,
  ]).flat(),
  'a row that moves twice in one statement': [
    `INSERT INTO parents (id, code) VALUES (36, 'x'), (2036, 'y')
       ON DUPLICATE KEY UPDATE id = id + 2000`,
  ],
  'a parent that is replaced': ["REPLACE INTO parents VALUES (37, 'c37', 5)"],
  'an ended transaction of which nothing is left': [
    'BEGIN',
    'DELETE FROM parents WHERE id = 38',
    'ROLLBACK',
  ],
};

test('mariadb: what foreign keys do is done in the replica', async (t) => {
  await using source = await TestSource.open('mariadb');
  await using folder = await TempFolder.open();
  await source.run(...FAMILY, ...FAMILY_ROWS);
  const duckdbPath = folder.file('live.duckdb');
  await using live = await RunningService.start(source, duckdbPath);
  await using late = await RunningService.start(source, folder.file('late.duckdb'));
  await late.stop();
  for (const [what, statements] of Object.entries(CHANGES)) {
    await t.test(what, async () => {
      await source.run(...statements);
      await live.caughtUp();
      await live.stop();
      await assertSameReplica(source, duckdbPath);
      await live.start();
    });
  }
  await late.start();
  await late.caughtUp();
  // Counted when nothing comes, at the latest.
  const expected = await source.texts('SELECT COUNT(*) FROM children');
  await late.until('has counted its rows', ({ tables }) =>
    tables.some(({ table, rows }) => table === 'children' && rows === Number(expected[0][0])),
  );
  await late.stop();
  await assertSameReplica(source, late.duckdbPath);
});

test('mariadb: keys that come and go, and parents that are altered', async () => {
  await using source = await TestSource.open('mariadb');
  await using folder = await TempFolder.open();
  await source.run(...FAMILY, ...FAMILY_ROWS);
  const duckdbPath = folder.file('replica.duckdb');
  await using service = await RunningService.start(source, duckdbPath);
  await source.run(
    `ALTER TABLE strangers ADD parent INT,
       ADD FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE`,
    'UPDATE strangers SET parent = id',
    'DELETE FROM parents WHERE id = 1',
    'ALTER TABLE grandchildren DROP FOREIGN KEY grandchildren_ibfk_1',
    'DELETE FROM parents WHERE id = 2',
    'ALTER TABLE parents MODIFY v BIGINT',
    'DELETE FROM parents WHERE id = 3',
  );
  await service.caughtUp();
  await source.run('RENAME TABLE parents TO elders', 'DELETE FROM elders WHERE id = 4');
  await service.caughtUp();
  await source.run('DELETE FROM elders WHERE id = 5');
  await service.caughtUp();
  await service.stop();
  await assertSameReplica(source, duckdbPath);
});

test('mariadb: a parent goes while its children are copied', async () => {
  await using source = await TestSource.open('mariadb');
  await using folder = await TempFolder.open();
  await source.run(...FAMILY, ...FAMILY_ROWS);
  await source.run(
    'INSERT INTO children SELECT seq, 1 + seq % 40, NULL, seq FROM seq_1000_to_200000',
  );
  const duckdbPath = folder.file('replica.duckdb');
  await using service = await RunningService.start(source, duckdbPath);
  await source.run('ALTER TABLE children MODIFY v BIGINT');
  for (let id = 1; id <= 8; id += 1) {
    await source.run(`DELETE FROM parents WHERE id = ${id}`);
    await service.query('SELECT 1');
  }
  await service.caughtUp();
  const [[count]] = await service.query('SELECT count(*) FROM children');
  await service.stop();
  await assertSameReplica(source, duckdbPath);
  assert.ok(Number(count) > 100_000, String(count));
});
