import assert from 'node:assert/strict';
import test from 'node:test';
import type { QualifiedName } from '../../src/cdc/statement-reader.js';
import { tableEffect, type TableEffect } from '../../src/cdc/table-statement.js';

type Altered = Extract<TableEffect, { kind: 'altered' }>;

const NONE: TableEffect = { kind: 'none' };
const UNKNOWN: TableEffect = { kind: 'unknown' };

/** `t` is in the default database, `other.t` is not. */
function table(text: string): QualifiedName {
  const [first, second] = text.split('.');
  return second === undefined
    ? { database: 'shop', name: first }
    : { database: first, name: second };
}

function created(text: string, replaces = false): TableEffect {
  return { kind: 'created', tables: [table(text)], replaces };
}

function dropped(...texts: string[]): TableEffect {
  return { kind: 'dropped', tables: texts.map(table) };
}

function truncated(text: string): TableEffect {
  return { kind: 'truncated', tables: [table(text)] };
}

function renamed(...pairs: [from: string, to: string][]): TableEffect {
  return {
    kind: 'renamed',
    renames: pairs.map(([from, to]) => ({ from: table(from), to: table(to) })),
  };
}

function altered(text: string, harmless: boolean, more: Partial<Altered> = {}): TableEffect {
  return {
    kind: 'altered',
    table: table(text),
    harmless,
    indexes: [],
    renamedTo: null,
    other: null,
    ...more,
  };
}

const harmless = (more: Partial<Altered> = {}) => altered('t', true, more);
const harmful = (more: Partial<Altered> = {}) => altered('t', false, more);

function rows(...texts: string[]): TableEffect {
  return { kind: 'rows', tables: texts.length === 0 ? null : texts.map(table) };
}

const CREATES: readonly [string, TableEffect][] = [
  ['CREATE TABLE t (a INT)', created('t')],
  ['create table if not exists `t` (a int)', created('t')],
  ['CREATE TABLE other.t (a INT)', created('other.t')],
  ['CREATE TABLE `other` . `t` (a INT)', created('other.t')],
  [
    'CREATE TABLE `a``b`.`c.d` (a INT)',
    { kind: 'created', tables: [{ database: 'a`b', name: 'c.d' }], replaces: false },
  ],
  ['CREATE TABLE t LIKE u', created('t')],
  ['CREATE TABLE t (LIKE other.u)', created('t')],
  ['CREATE TABLE t SELECT * FROM u', created('t')],
  ['CREATE TABLE `t` (\n  `a` int DEFAULT NULL\n) START TRANSACTION', created('t')],
  ['CREATE OR REPLACE TABLE t (a INT)', created('t', true)],
  ['CREATE TABLE größe (a INT)', created('größe')],
  ['CREATE TABLE 2024_orders (a INT)', created('2024_orders')],
  ['CREATE TABLE shop.2024 (a INT)', created('2024')],
  ['CREATE TABLE "t" (a INT)', created('t')],
  ['CREATE TABLE "a""b" (a INT)', created('a"b')],
  ["CREATE TABLE t (a VARCHAR(9) DEFAULT \"x\\\"y\", b TEXT COMMENT 'it''s')", created('t')],
  ['/* app */ CREATE /* a */ TABLE -- why\n t # x\n (a INT)', created('t')],
  ['CREATE TABLE t (a INT) /*!50100 PARTITION BY HASH (a) PARTITIONS 2 */', created('t')],
  ['CREATE TABLE t (a INT) /*M!100201 PAGE_COMPRESSED=1 */', created('t')],
  ['/*!40101 CREATE TABLE t (a INT) */;', created('t')],
  ['CREATE TEMPORARY TABLE t (a INT)', NONE],
  ['CREATE OR REPLACE TEMPORARY TABLE t (a INT)', NONE],
  ['CREATE DATABASE shop', NONE],
  ['CREATE SCHEMA IF NOT EXISTS shop', NONE],
  ['CREATE OR REPLACE DATABASE shop2', { kind: 'database-dropped', database: 'shop2' }],
  ['CREATE VIEW v AS SELECT * FROM t', NONE],
  [
    'CREATE OR REPLACE ALGORITHM=MERGE DEFINER=`root`@`%` SQL SECURITY DEFINER VIEW `v` AS SELECT 1',
    NONE,
  ],
  ["CREATE DEFINER='a'@'b' TRIGGER tr BEFORE INSERT ON t FOR EACH ROW DELETE FROM u", NONE],
  ['CREATE DEFINER=CURRENT_USER() PROCEDURE p() TRUNCATE TABLE t', NONE],
  ['CREATE DEFINER=root@localhost PROCEDURE p() DROP TABLE t', NONE],
  [
    '/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER tr AFTER INSERT ON t FOR EACH ROW SET @a = 1 */',
    NONE,
  ],
  ['CREATE AGGREGATE FUNCTION f RETURNS INTEGER SONAME "x.so"', NONE],
  ['CREATE FUNCTION f() RETURNS INT RETURN 1', NONE],
  ['CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO TRUNCATE TABLE t', NONE],
  ["CREATE USER 'u'@'%' IDENTIFIED WITH 'caching_sha2_password' AS 'DROP TABLE t'", NONE],
  ['CREATE ROLE r', NONE],
  ['CREATE SEQUENCE s', NONE],
  ['CREATE OR REPLACE SEQUENCE t', dropped('t')],
  ['CREATE TABLESPACE ts ADD DATAFILE "x.ibd"', NONE],
  ['CREATE UNDO TABLESPACE u ADD DATAFILE "x.ibu"', NONE],
  ["CREATE SPATIAL REFERENCE SYSTEM 4120 NAME 'x' DEFINITION 'y'", NONE],
  ['CREATE RESOURCE GROUP g TYPE = USER', NONE],
  ['CREATE INDEX i ON t (a)', harmless()],
  ['CREATE INDEX i USING BTREE ON other.t (a)', altered('other.t', true)],
  ['CREATE FULLTEXT INDEX i ON t (a)', harmless()],
  ['CREATE SPATIAL INDEX i ON t (a)', harmless()],
  ['CREATE UNIQUE INDEX i ON t (a)', harmful()],
  ['CREATE INDEX IF NOT EXISTS i ON t (a)', harmless()],
  ['CREATE OR REPLACE INDEX i ON t (a)', harmless({ indexes: ['i'] })],
  ['CREATE INDEX i', UNKNOWN],
  ['CREATE TABLE', UNKNOWN],
  ['CREATE SOMETHING NEW', UNKNOWN],
];

const DROPS: readonly [string, TableEffect][] = [
  ['DROP TABLE t', dropped('t')],
  ['DROP TABLE `a`,`b` /* generated by server */', dropped('a', 'b')],
  ['DROP TABLE IF EXISTS `a`, other.`b` CASCADE', dropped('a', 'other.b')],
  ['DROP TABLE IF EXISTS `t`  /* comment */ /*!40005 CASCADE */', dropped('t')],
  ['DROP TABLES a, b', dropped('a', 'b')],
  ['DROP TABLE t WAIT 5', dropped('t')],
  ['DROP TEMPORARY TABLE t', NONE],
  ['DROP TEMPORARY TABLE IF EXISTS `t` /* generated by server */', NONE],
  ['DROP /*!40005 TEMPORARY */ TABLE IF EXISTS `t`', NONE],
  ['DROP TABLE "t"', dropped('t')],
  ['DROP TABLE `t`.', UNKNOWN],
  ['DROP DATABASE shop', { kind: 'database-dropped', database: 'shop' }],
  ['DROP SCHEMA IF EXISTS `a``b`', { kind: 'database-dropped', database: 'a`b' }],
  ['DROP INDEX i ON t', harmless({ indexes: ['i'] })],
  ['DROP INDEX IF EXISTS i ON other.t', altered('other.t', true, { indexes: ['i'] })],
  ['DROP INDEX `PRIMARY` ON t', harmful({ indexes: ['PRIMARY'] })],
  ['DROP VIEW v', NONE],
  ['DROP TRIGGER tr', NONE],
  ['DROP PROCEDURE IF EXISTS p', NONE],
  ['DROP FUNCTION f', NONE],
  ['DROP EVENT e', NONE],
  ['DROP USER u', NONE],
  ['DROP SEQUENCE s', NONE],
  ['DROP SOMETHING', UNKNOWN],
  ['TRUNCATE t', truncated('t')],
  ['TRUNCATE TABLE `other`.`t`', truncated('other.t')],
  ['truncate table t wait 10', truncated('t')],
];

const RENAMES: readonly [string, TableEffect][] = [
  ['RENAME TABLE a TO b', renamed(['a', 'b'])],
  ['RENAME TABLE a TO tmp, b TO a, tmp TO b', renamed(['a', 'tmp'], ['b', 'a'], ['tmp', 'b'])],
  [
    'rename /* gh-ost */ table `shop`.`t` to `shop`.`_t_del`, `shop`.`_t_gho` to `shop`.`t`',
    renamed(['t', '_t_del'], ['_t_gho', 't']),
  ],
  [
    'RENAME TABLE `shop`.`t` TO `shop`.`_t_old`, `shop`.`_t_new` TO `shop`.`t`',
    renamed(['t', '_t_old'], ['_t_new', 't']),
  ],
  ['RENAME TABLES a TO other.a', renamed(['a', 'other.a'])],
  ['RENAME TABLE IF EXISTS a WAIT 3 TO b', renamed(['a', 'b'])],
  ['RENAME USER a TO b', NONE],
  ['RENAME TABLE a', UNKNOWN],
  ['RENAME TABLE a TO b c', UNKNOWN],
  ['ALTER TABLE a RENAME b', renamed(['a', 'b'])],
  ['ALTER TABLE a RENAME TO other.b', renamed(['a', 'other.b'])],
  ['ALTER TABLE a RENAME AS `b`', renamed(['a', 'b'])],
  ['ALTER TABLE t RENAME = `b`', renamed(['t', 'b'])],
  ['ALTER TABLE t ADD COLUMN x INT, RENAME TO u', harmful({ renamedTo: table('u') })],
  ['ALTER TABLE t RENAME TO u, ALGORITHM=INPLACE', harmless({ renamedTo: table('u') })],
];

/** What stands behind ALTER TABLE t. */
const ALTERS: readonly [string, TableEffect][] = [
  ['', harmless()],
  ['ADD INDEX (a)', harmless()],
  ['ADD INDEX i (a), ADD KEY j (b DESC, (c + 1))', harmless()],
  ['ADD FULLTEXT INDEX i (a)', harmless()],
  ['ADD SPATIAL KEY i (a)', harmless()],
  ['ADD VECTOR INDEX i (a)', harmless()],
  ['ADD vector INT', harmful()],
  ['ADD UNIQUE i (a)', harmful()],
  ['ADD UNIQUE INDEX i (a)', harmful()],
  ['ADD PRIMARY KEY (a)', harmful()],
  ['ADD CONSTRAINT PRIMARY KEY (a)', harmful()],
  ['ADD CONSTRAINT c UNIQUE (a)', harmful()],
  ['ADD CONSTRAINT `c` FOREIGN KEY (a) REFERENCES u (b) ON DELETE CASCADE', harmless()],
  ['ADD CONSTRAINT FOREIGN KEY (a) REFERENCES u (b)', harmless()],
  ['ADD FOREIGN KEY (a) REFERENCES u (b)', harmless()],
  ['ADD CHECK (a > 0)', harmless()],
  ['ADD CONSTRAINT c CHECK (a IN (1, 2))', harmless()],
  ['ADD CONSTRAINT c CHECK (json_valid(`a`))', harmful()],
  ['ADD COLUMN x INT', harmful()],
  ['ADD x INT NULL', harmful()],
  ['ADD `index` INT', harmful()],
  ['ADD COLUMN (x INT, y INT), ADD INDEX (x)', harmful()],
  ['ADD INDEX (a), DROP COLUMN b', harmful()],
  ['ADD SYSTEM VERSIONING', harmful()],
  ['DROP INDEX i', harmless({ indexes: ['i'] })],
  ['DROP KEY IF EXISTS `i`, DROP INDEX j', harmless({ indexes: ['i', 'j'] })],
  ['DROP INDEX i, ADD UNIQUE i (a)', harmful({ indexes: ['i'] })],
  ['DROP PRIMARY KEY', harmful()],
  ['DROP FOREIGN KEY f', harmless()],
  ['DROP CHECK c', harmless()],
  ['DROP CONSTRAINT c', harmful()],
  ['DROP COLUMN a', harmful()],
  ['DROP a', harmful()],
  ['DROP `index`', harmful()],
  ['RENAME INDEX i TO j', harmless({ indexes: ['i'] })],
  ['RENAME KEY i TO j', harmless({ indexes: ['i'] })],
  ['RENAME COLUMN a TO b', harmful()],
  ['MODIFY a BIGINT', harmful()],
  ['CHANGE a b INT', harmful()],
  ['ALTER COLUMN a SET DEFAULT 5', harmful()],
  ['ALTER a DROP DEFAULT', harmful()],
  ['ALTER INDEX i INVISIBLE', harmless()],
  ['ALTER INDEX i NOT IGNORED', harmless()],
  ['ALTER CHECK c NOT ENFORCED', harmless()],
  ["COMMENT = 'a, DROP COLUMN b'", harmless()],
  ["COMMENT 'it''s \\'quoted\\' -- no comment /* none */'", harmful()],
  ["COMMENT 'it''s \\'quoted\\' ', RENAME u", harmful({ renamedTo: table('u') })],
  ["COMMENT 'a\\', RENAME u, COMMENT \\'b'", UNKNOWN],
  ["COMMENT 'back\\\\slash'", harmless()],
  ['COMMENT "x" AUTO_INCREMENT = 5', harmless()],
  ['AUTO_INCREMENT=1000', harmless()],
  ['ENGINE=InnoDB', harmless()],
  ['ENGINE = innodb ROW_FORMAT=DYNAMIC, STATS_PERSISTENT = 1', harmless()],
  ['ENGINE=MyISAM', harmful()],
  ['ENGINE=BLACKHOLE', harmful()],
  ['UNION=(a, b)', harmful()],
  ['FORCE', harmless()],
  ['FORCE, ALGORITHM=INPLACE, LOCK=NONE', harmless()],
  ['DISABLE KEYS', harmless()],
  ['DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin', harmless()],
  ['CONVERT TO CHARACTER SET utf8mb4', harmful()],
  ['ORDER BY a', harmful()],
  ['DISCARD TABLESPACE', harmful()],
  ['IMPORT TABLESPACE', harmful()],
  ['ADD PARTITION (PARTITION p VALUES LESS THAN (10))', harmless()],
  ['ADD PARTITION PARTITIONS 4', harmless()],
  ['DROP PARTITION p, q', harmful()],
  ['TRUNCATE PARTITION p', harmful()],
  ['TRUNCATE PARTITION ALL', harmful()],
  ['EXCHANGE PARTITION p WITH TABLE u', harmful({ other: table('u') })],
  [
    'EXCHANGE PARTITION p WITH TABLE `other`.`u` WITHOUT VALIDATION',
    harmful({ other: table('other.u') }),
  ],
  ['CONVERT PARTITION p TO TABLE u', harmful({ other: table('u') })],
  ['CONVERT TABLE u TO PARTITION p VALUES LESS THAN (5)', harmful({ other: table('u') })],
  [
    'REORGANIZE PARTITION p INTO (PARTITION a VALUES LESS THAN (1), PARTITION b VALUES LESS THAN (9))',
    harmless(),
  ],
  ['COALESCE PARTITION 2', harmless()],
  ['REBUILD PARTITION p, q', harmless()],
  ['REORGANIZE PARTITION p, q INTO (PARTITION r VALUES LESS THAN (1))', harmless()],
  ['REORGANIZE PARTITION', harmless()],
  ['ANALYZE PARTITION p, q', harmless()],
  ['REBUILD PARTITION ALL', harmless()],
  ['DISCARD PARTITION p TABLESPACE', harmful()],
  ['PARTITION BY RANGE COLUMNS (a, b) (PARTITION p VALUES LESS THAN (1, 2))', harmless()],
  ['REMOVE PARTITIONING', harmless()],
  ['ADD INDEX (a) PARTITION BY HASH (a) PARTITIONS 4', harmless()],
  ['/*!50100 REMOVE PARTITIONING */', harmless()],
  ['/*M! DROP COLUMN a */', harmful()],
  ['ENGINE=InnoDB SOMETHING=NEW', harmful()],
];

const ALTER_FORMS: readonly [string, TableEffect][] = [
  ['ALTER TABLE IF EXISTS t ADD INDEX (a)', harmless()],
  ['ALTER ONLINE TABLE t ADD INDEX (a)', harmless()],
  ['ALTER TABLE t WAIT 5 ADD INDEX (a)', harmless()],
  ['ALTER TABLE t NOWAIT DROP COLUMN a', harmful()],
  ['ALTER IGNORE TABLE t ADD UNIQUE (a)', harmful()],
  ['ALTER IGNORE TABLE t ADD INDEX (a)', harmful()],
  ['ALTER ONLINE IGNORE TABLE other.t FORCE', altered('other.t', false)],
  ['/*!40000 ALTER TABLE `t` DISABLE KEYS */', harmless()],
  ['ALTER TABLE', UNKNOWN],
  ['ALTER DATABASE shop CHARACTER SET utf8mb4', NONE],
  ['ALTER DATABASE `#mysql50#a-b` UPGRADE DATA DIRECTORY NAME', UNKNOWN],
  ["ALTER USER u IDENTIFIED BY 'ALTER TABLE t'", NONE],
  ['ALTER DEFINER=`a`@`b` EVENT e RENAME TO f', NONE],
  ['ALTER ALGORITHM=MERGE VIEW v AS SELECT 1', NONE],
  ['ALTER PROCEDURE p COMMENT "x"', NONE],
  ['ALTER SEQUENCE s RESTART 5', NONE],
  ['ALTER INSTANCE ROTATE INNODB MASTER KEY', NONE],
  ['ALTER SOMETHING', UNKNOWN],
];

/** As servers write them. */
const TRANSACTIONS: readonly string[] = [
  ...['BEGIN', 'COMMIT', 'ROLLBACK', 'SAVEPOINT `x y`', 'ROLLBACK TO `x y`', 'RELEASE SAVEPOINT x'],
  ...["XA START X'7831',X'',1", "XA END X'7831',X'',1", "XA COMMIT X'7831',X'',1"],
  "XA ROLLBACK X'7831',X'62',7",
];

const ROWS: readonly [string, TableEffect][] = [
  ['INSERT INTO t VALUES (1)', rows('t')],
  ['INSERT LOW_PRIORITY IGNORE other.t SET a = 1', rows('other.t')],
  ['REPLACE INTO t SELECT * FROM u', rows('t')],
  ['UPDATE t SET a = 1', rows('t')],
  ['UPDATE t, u SET t.a = u.a', rows()],
  ['UPDATE t AS x SET a = 1', rows()],
  ['DELETE FROM t', rows('t')],
  ['DELETE QUICK FROM `t` WHERE a = 1', rows('t')],
  ['DELETE FROM t USING t JOIN u', rows()],
  ['DELETE t FROM t JOIN u', rows()],
  ["LOAD DATA LOCAL INFILE 'x' REPLACE INTO TABLE `shop`.`t` FIELDS TERMINATED BY ','", rows('t')],
  ['CALL p(1)', rows()],
  ['SELECT `shop`.`f`(1)', rows()],
  ['WITH c AS (SELECT 1) UPDATE t SET a = 1', rows()],
  ['DO f()', rows()],
  ['SET STATEMENT max_statement_time = 5 FOR INSERT INTO t VALUES (1)', rows('t')],
  [
    'SET STATEMENT sort_buffer_size = 5, max_statement_time = 5 FOR ALTER TABLE t DROP a',
    harmful(),
  ],
];

const OTHERS: readonly [string, TableEffect][] = [
  ['', NONE],
  ['# Dummy event replacing event type 160 that slave cannot handle', NONE],
  ['GRANT SELECT ON shop.* TO u', NONE],
  ['REVOKE ALL ON t FROM u', NONE],
  ["SET PASSWORD FOR 'u'@'%' = 'x'", NONE],
  ['SET DEFAULT ROLE r TO u', NONE],
  ['ANALYZE TABLE t', NONE],
  ['OPTIMIZE LOCAL TABLE t', NONE],
  ['FLUSH TABLES', NONE],
  ['REPAIR TABLE t', harmful()],
  ['REPAIR TABLE t, u', UNKNOWN],
  ['INSTALL PLUGIN x SONAME "y"', NONE],
  ['IMPORT TABLE FROM "x.sdi"', UNKNOWN],
  ['EXPLODE t', UNKNOWN],
  ['BEGIN NOT ATOMIC DELETE FROM t; END', UNKNOWN],
  ["DROP TABLE 'unfinished", UNKNOWN],
  ['DROP TABLE t /* unfinished', UNKNOWN],
  ['/*!50001 DROP TABLE t', UNKNOWN],
  ["ALTER TABLE t COMMENT 'x\\'", harmless()],
];

const CASES: readonly [string, TableEffect][] = [
  ...CREATES,
  ...DROPS,
  ...RENAMES,
  ...ALTERS.map(([part, effect]): [string, TableEffect] => [`ALTER TABLE t ${part}`, effect]),
  ...ALTER_FORMS,
  ...ROWS,
  ...OTHERS,
];

test('statements are told apart', () => {
  for (const [statement, effect] of CASES) {
    assert.deepEqual(tableEffect(statement, 'shop'), effect, statement);
  }
});

test('letter case, comments, line breaks and a semicolon make no difference', () => {
  for (const [statement, effect] of CASES) {
    if (/['"`#\\]|--|\/\*/.test(statement)) continue;
    const spread = `/* a */${statement.replaceAll(' ', ' /* b; */\r\n\t-- c\n')} ;`;
    assert.deepEqual(tableEffect(spread, 'shop'), effect, spread);
    if (statement !== '') assert.deepEqual(tableEffect(`/*! ${statement} */`, 'shop'), effect);
  }
});

test('the words of transactions concern no table', () => {
  for (const statement of TRANSACTIONS) {
    assert.deepEqual(tableEffect(statement, 'shop'), NONE, statement);
  }
});
