import assert from 'node:assert/strict';
import test from 'node:test';
import mysql from 'mysql2/promise';
import { tableEffect } from '../../src/cdc/table-statement.js';
import { TestSource } from '../helpers/test-source.js';
import { binlogEnd, readBinlog, type BinlogEvent } from '../source/binlog/raw-binlog.js';
import type { Flavour } from '../servers/test-server.js';

const QUERY = 2;

/** A statement, the effects of what the server logs when it has run, and the server it is for. */
type Case = readonly [statement: string, effects: string, only?: Flavour];

/** Effects are written as by `shortEffect`. `{0}` stands for the database. */
const CASES: readonly Case[] = [
  ['CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(20))', 'created t'],
  // Without an effect of its own, it is logged by MySQL and not by MariaDB.
  ['create /* why */ table if not exists\n`t` (x int)', 'created t', 'mysql'],
  ['CREATE TABLE IF NOT EXISTS `t` (x int)', '', 'mariadb'],
  ['CREATE TABLE u LIKE t', 'created u'],
  ['CREATE TABLE v (c INT) SELECT id FROM t', 'created v'],
  [
    'CREATE TABLE p (id INT PRIMARY KEY) /*!50100 PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20)) */',
    'created p',
  ],
  [
    'CREATE TABLE /*!99999 IF NOT EXISTS */ later (id INT) /*!999999 ENGINE=NONE */',
    'created later',
  ],
  ['CREATE TEMPORARY TABLE temp (a INT)', ''],
  ['DROP TEMPORARY TABLE temp', ''],
  ['CREATE TABLE q LIKE t', 'created q'],
  ['CREATE OR REPLACE TABLE q (id INT)', 'created q (replaced)', 'mariadb'],
  ['CREATE OR REPLACE TABLE q SELECT id FROM t', 'created q (replaced)', 'mariadb'],
  ['CREATE INDEX i ON t (a)', 'altered+ t'],
  ['CREATE UNIQUE INDEX j ON t (a, b)', 'altered! t'],
  ['DROP INDEX i ON t', 'altered+ t (i)'],
  ["ALTER TABLE t ADD INDEX k (b), COMMENT = 'it\\'s \"quoted\"'", 'altered+ t'],
  ["ALTER TABLE t COMMENT 'without'' a break -- /*'", 'altered+ t'],
  ['ALTER TABLE t RENAME INDEX k TO l', 'altered+ t (k)'],
  ['ALTER TABLE t AUTO_INCREMENT = 5, ALGORITHM=INPLACE, LOCK=NONE', 'altered+ t'],
  ['ALTER TABLE t ENGINE=InnoDB', 'altered+ t'],
  ['ALTER TABLE t FORCE', 'altered+ t'],
  ['ALTER TABLE t ALTER INDEX l INVISIBLE', 'altered+ t', 'mysql'],
  ['ALTER TABLE t ALTER INDEX l IGNORED', 'altered+ t', 'mariadb'],
  ['ALTER TABLE t DEFAULT CHARACTER SET latin1', 'altered+ t'],
  ['ALTER TABLE t ADD COLUMN c INT NOT NULL DEFAULT 7', 'altered! t'],
  ['ALTER TABLE t MODIFY c BIGINT', 'altered! t'],
  [
    'ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id) ON DELETE SET NULL',
    'altered+ t',
  ],
  ['ALTER TABLE t DROP FOREIGN KEY f', 'altered+ t'],
  ['ALTER ONLINE TABLE t ADD INDEX m (c)', 'altered+ t', 'mariadb'],
  ['ALTER IGNORE TABLE t ADD UNIQUE n (c)', 'altered! t', 'mariadb'],
  ['ALTER TABLE IF EXISTS t WAIT 5 DROP COLUMN IF EXISTS c', 'altered! t', 'mariadb'],
  ['/*!40000 ALTER TABLE t DISABLE KEYS */', 'altered+ t'],
  ['ALTER TABLE t /*M!100000 ADD COLUMN m INT, */ ADD INDEX o (a)', 'altered! t'],
  ['ALTER TABLE p ADD PARTITION (PARTITION p2 VALUES LESS THAN (30))', 'altered+ p'],
  [
    'ALTER TABLE p REORGANIZE PARTITION p1, p2 INTO (PARTITION p3 VALUES LESS THAN (30))',
    'altered+ p',
  ],
  ['ALTER TABLE p TRUNCATE PARTITION p0', 'altered! p'],
  ['CREATE TABLE e (id INT PRIMARY KEY)', 'created e'],
  ['ALTER TABLE p EXCHANGE PARTITION p0 WITH TABLE e', 'altered! p with e'],
  ['ALTER TABLE p DROP PARTITION p0', 'altered! p'],
  ['ALTER TABLE p OPTIMIZE PARTITION p3', 'altered+ p'],
  ['ALTER TABLE p REMOVE PARTITIONING', 'altered+ p'],
  ['ALTER TABLE q RENAME TO r', 'renamed q>r'],
  ['ALTER TABLE r ADD COLUMN z INT, RENAME AS s', 'altered! r>s'],
  ['RENAME TABLE t TO swap, u TO t, swap TO u', 'renamed t>swap u>t swap>u'],
  ['rename /* gh-ost */ table `t` to `_t_del`, `u` to `t`', 'renamed t>_t_del u>t'],
  ['TRUNCATE t', 'truncated t'],
  ['TRUNCATE TABLE `v`', 'truncated v'],
  ['OPTIMIZE TABLE t', ''],
  ['ANALYZE TABLE t', ''],
  ['CREATE VIEW w AS SELECT * FROM t', ''],
  ['CREATE OR REPLACE SQL SECURITY INVOKER VIEW w AS SELECT 1', ''],
  ['CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1', ''],
  ['CREATE PROCEDURE pr() BEGIN DELETE FROM t; TRUNCATE TABLE t; END', ''],
  ['CREATE FUNCTION fu() RETURNS INT DETERMINISTIC NO SQL RETURN 1', ''],
  ['CREATE EVENT ev ON SCHEDULE EVERY 1 YEAR DISABLE DO TRUNCATE TABLE t', ''],
  ['DROP EVENT ev', ''],
  ['DROP TRIGGER tr', ''],
  ['CALL pr()', 'truncated t'],
  ['DROP PROCEDURE pr', ''],
  ['DROP FUNCTION fu', ''],
  ['DROP VIEW w', ''],
  ['CREATE SEQUENCE sq', '', 'mariadb'],
  ['CREATE OR REPLACE SEQUENCE e', 'dropped e', 'mariadb'],
  ['DROP SEQUENCE sq', '', 'mariadb'],
  ["SET STATEMENT lock_wait_timeout = 9 FOR ALTER TABLE t COMMENT 'x'", 'altered+ t', 'mariadb'],
  ['INSERT INTO t (id, a) VALUES (5, 5)', ''],
  ['DROP TABLE IF EXISTS `later`, absent CASCADE', 'dropped later absent'],
  ['DROP TABLE t, v', 'dropped t v'],
  ['CREATE DATABASE {0}_2', ''],
  ['ALTER DATABASE {0}_2 CHARACTER SET latin1', ''],
  ['CREATE TABLE {0}_2.`a``b` (a INT)', 'created {0}_2.a`b'],
  ['DROP TABLE {0}_2.`a``b`', 'dropped {0}_2.a`b'],
  ['CREATE OR REPLACE DATABASE {0}_2', 'database-dropped {0}_2', 'mariadb'],
  ['DROP DATABASE {0}_2', 'database-dropped {0}_2'],
  ["XA START 'one','two',3", ''],
  ['INSERT INTO _t_del (id) VALUES (77)', ''],
  ["XA END 'one','two',3", ''],
  ["XA PREPARE 'one','two',3", ''],
  ["XA COMMIT 'one','two',3", ''],
  ["XA START 'back'", ''],
  ['INSERT INTO _t_del (id) VALUES (70)', ''],
  ["XA END 'back'", ''],
  ["XA PREPARE 'back'", ''],
  ["XA ROLLBACK 'back'", ''],
  ['START TRANSACTION', ''],
  ['INSERT INTO _t_del (id) VALUES (78)', ''],
  ['SAVEPOINT `a b`', ''],
  ['INSERT INTO _t_del (id) VALUES (79)', ''],
  ['ROLLBACK TO `a b`', ''],
  ['COMMIT', ''],
  ['SET SESSION binlog_format = STATEMENT', ''],
  ['UPDATE _t_del SET a = 5', 'rows _t_del'],
  ['INSERT INTO _t_del (id) VALUES (80)', 'rows _t_del'],
  ["REPLACE INTO _t_del (id, b) SELECT 80, 'it\\'s'", 'rows _t_del'],
  ['DELETE FROM _t_del WHERE id = 80', 'rows _t_del'],
];

interface LoggedStatement {
  readonly database: string;
  readonly text: string;
}

function loggedStatements(events: readonly BinlogEvent[]): LoggedStatement[] {
  return events
    .filter(({ type }) => type === QUERY)
    .map(({ body }) => {
      const database = 13 + body.readUInt16LE(11);
      const text = database + body[8] + 1;
      return {
        database: body.toString('utf8', database, text - 1),
        text: body.toString('utf8', text),
      };
    });
}

/** The effect in short, names of the default database without it; '' for what the cases leave out. */
function shortEffect({ text, database }: LoggedStatement): string {
  const effect = tableEffect(text, database);
  const name = (table: { database: string; name: string }) =>
    table.database === database ? table.name : `${table.database}.${table.name}`;
  switch (effect.kind) {
    case 'none':
      return '';
    case 'created':
      return `created ${effect.tables.map(name).join(' ')}${effect.replaces ? ' (replaced)' : ''}`;
    case 'dropped':
    case 'truncated':
      return `${effect.kind} ${effect.tables.map(name).join(' ')}`;
    case 'rows':
      return `rows ${effect.tables?.map(name).join(' ') ?? 'of any table'}`;
    case 'renamed':
      return `renamed ${effect.renames.map(({ from, to }) => `${name(from)}>${name(to)}`).join(' ')}`;
    case 'altered': {
      const indexes = effect.indexes.length === 0 ? '' : ` (${effect.indexes.join(' ')})`;
      const renamedTo = effect.renamedTo === null ? '' : `>${name(effect.renamedTo)}`;
      const other = effect.other === null ? '' : ` with ${name(effect.other)}`;
      return `altered${effect.harmless ? '+' : '!'} ${name(effect.table)}${renamedTo}${indexes}${other}`;
    }
    case 'database-dropped':
      return `database-dropped ${effect.database}`;
    case 'unknown':
      return 'unknown';
  }
}

for (const flavour of ['mysql', 'mariadb'] as const) {
  test(`${flavour}: what the server logs of a statement is told as the statement is`, async () => {
    await using source = await TestSource.open(flavour);
    await using connection = await mysql.createConnection({ uri: source.url, charset: 'utf8mb4' });
    for (const [written, expected, only] of CASES) {
      if (only !== undefined && only !== flavour) continue;
      const from = await binlogEnd(connection, flavour === 'mariadb');
      await source.run(written.replaceAll('{0}', source.database));
      const logged = loggedStatements(await readBinlog(source.serverUrl, from)).filter(
        ({ database }) => database === '' || database.startsWith(source.database),
      );
      const effects = logged.map(shortEffect).filter((effect) => effect !== '');
      assert.equal(
        effects.join('; ').replaceAll(source.database, '{0}'),
        expected,
        `${written}, logged as ${JSON.stringify(logged)}`,
      );
    }
  });
}
