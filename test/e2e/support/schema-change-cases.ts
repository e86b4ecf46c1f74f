import type { Flavour } from '../../servers/test-server.js';
import { columnCases } from './column-change-cases.js';
import { type SchemaChangeCase, seeded } from './schema-change-case.js';

/** Tables that the service leaves out. */
export const EXCLUDED_TABLES = 'hidden_*';

const tableCases: readonly SchemaChangeCase[] = [
  {
    what: 'CREATE TABLE, of tables that are wanted and of others',
    setup: seeded('model'),
    ddl: [
      'CREATE TABLE @.created (id INT PRIMARY KEY, v INT, t TEXT)',
      "INSERT INTO @.created VALUES (500, 1, 'at once')",
      'CREATE TABLE @.created_like LIKE @.model',
      'CREATE TABLE @.hidden_one (id INT PRIMARY KEY, v INT)',
      'INSERT INTO @.hidden_one VALUES (1, 1)',
      'CREATE TABLE @.made_of_rows AS SELECT id, v, CONCAT("v", v) AS t FROM @.model',
      'CREATE TABLE @.made_with_key (PRIMARY KEY (id)) SELECT id, v FROM @.model',
    ],
    written: ['model', 'created', 'created_like', 'hidden_one', 'made_of_rows', 'made_with_key'],
  },
  {
    what: 'CREATE OR REPLACE TABLE',
    flavours: ['mariadb'],
    setup: [...seeded('made_again'), ...seeded('made_of_rows_again')],
    ddl: [
      'CREATE OR REPLACE TABLE @.made_again (id INT PRIMARY KEY, v INT, later INT)',
      'CREATE OR REPLACE TABLE @.made_of_rows_again SELECT 1 AS id, 2 AS v, 3 AS w',
    ],
    written: ['made_again', 'made_of_rows_again'],
  },
  {
    what: 'DROP TABLE, alone, of several, and before another of that name',
    setup: ['gone', 'gone_too', 'gone_also', 'came_again'].flatMap((name) => seeded(name)),
    ddl: [
      'DROP TABLE @.gone',
      'DROP TABLE IF EXISTS @.gone_too, @.never_there, @.gone_also',
      'DROP TABLE @.came_again',
      'CREATE TABLE @.came_again (id INT PRIMARY KEY, w VARCHAR(5), v INT)',
    ],
    written: ['gone', 'gone_too', 'gone_also', 'came_again'],
  },
  {
    what: 'RENAME TABLE, in both spellings, in a chain, as a swap, into and out of what is left out',
    setup: [
      'old_name',
      'old_spelling',
      'one',
      'two',
      'now_hidden',
      'hidden_before',
      'chained',
    ].flatMap((name) => seeded(name)),
    ddl: [
      'ALTER TABLE @.one ADD COLUMN only_one INT DEFAULT 1',
      'RENAME TABLE @.old_name TO @.new_name',
      'ALTER TABLE @.old_spelling RENAME TO @.new_spelling',
      'RENAME TABLE @.one TO @.passing, @.two TO @.one, @.passing TO @.two',
      'RENAME TABLE @.now_hidden TO @.hidden_now',
      'RENAME TABLE @.hidden_before TO @.now_shown',
      'RENAME TABLE @.chained TO @.chained_2, @.chained_2 TO @.chained_3',
      'ALTER TABLE @.new_name RENAME @.newer_name, ADD COLUMN a INT DEFAULT 4',
    ],
    written: [
      ...['old_name', 'new_name', 'newer_name', 'old_spelling', 'new_spelling', 'one', 'two'],
      ...['now_hidden', 'hidden_now', 'hidden_before', 'now_shown', 'chained', 'chained_3'],
    ],
  },
  {
    what: 'RENAME TABLE to another database and back',
    setup: ['travelled', 'exchanged_away'].flatMap((name) => seeded(name)),
    ddl: [
      'CREATE DATABASE @_abroad',
      'RENAME TABLE @.travelled TO @_abroad.travelled',
      'UPDATE @_abroad.travelled SET v = 77 WHERE id = 1000',
      'ALTER TABLE @_abroad.travelled ADD COLUMN seen INT DEFAULT 5',
      'RENAME TABLE @_abroad.travelled TO @.travelled',
      'ALTER TABLE @.travelled RENAME TO @_abroad.by_alter',
      'ALTER TABLE @_abroad.by_alter RENAME TO @.travelled_back',
      'CREATE TABLE @_abroad.other LIKE @.exchanged_away',
      'INSERT INTO @_abroad.other VALUES (5000, 1)',
      'RENAME TABLE @.exchanged_away TO @_abroad.gone, @_abroad.other TO @.exchanged_away',
      'DROP DATABASE @_abroad',
    ],
    written: ['travelled', 'travelled_back', 'exchanged_away'],
  },
  {
    what: 'the cutover of gh-ost',
    setup: seeded('ghosted', ', a INT', ', 5'),
    ddl: [
      'CREATE /* gh-ost */ TABLE @._ghosted_gho LIKE @.ghosted',
      'ALTER /* gh-ost */ TABLE @._ghosted_gho ADD COLUMN extra INT DEFAULT 1, DROP COLUMN a',
      'INSERT /* gh-ost */ IGNORE INTO @._ghosted_gho (id, v) SELECT id, v FROM @.ghosted',
      'RENAME /* gh-ost */ TABLE @.`ghosted` TO @.`_ghosted_del`, @.`_ghosted_gho` TO @.`ghosted`',
      'DROP TABLE IF EXISTS @._ghosted_del',
    ],
    written: ['ghosted', '_ghosted_gho'],
  },
  {
    what: 'the cutover of pt-online-schema-change',
    setup: seeded('percona'),
    ddl: [
      'CREATE TABLE @._percona_new LIKE @.percona',
      'ALTER TABLE @._percona_new ADD COLUMN extra VARCHAR(5) FIRST',
      `CREATE TRIGGER @.pt_osc_ins AFTER INSERT ON @.percona FOR EACH ROW
         REPLACE INTO @._percona_new (id, v) VALUES (NEW.id, NEW.v)`,
      `CREATE TRIGGER @.pt_osc_del AFTER DELETE ON @.percona FOR EACH ROW
         DELETE IGNORE FROM @._percona_new WHERE id = OLD.id`,
      `CREATE TRIGGER @.pt_osc_upd AFTER UPDATE ON @.percona FOR EACH ROW
         REPLACE INTO @._percona_new (id, v) VALUES (NEW.id, NEW.v)`,
      'INSERT LOW_PRIORITY IGNORE INTO @._percona_new (id, v) SELECT id, v FROM @.percona',
      'RENAME TABLE @.percona TO @._percona_old, @._percona_new TO @.percona',
      'DROP TABLE IF EXISTS @._percona_old',
    ],
    written: ['percona'],
  },
  {
    what: 'TRUNCATE',
    setup: [...seeded('truncated'), ...seeded('truncated_filled')],
    ddl: [
      'TRUNCATE TABLE @.truncated',
      'TRUNCATE @.truncated_filled',
      'INSERT INTO @.truncated_filled VALUES (1, 1), (5000, 2)',
    ],
    written: ['truncated', 'truncated_filled'],
  },
  {
    what: 'partitions that are emptied, dropped, exchanged and divided',
    setup: [
      `CREATE TABLE parts (id INT PRIMARY KEY, v INT) PARTITION BY RANGE (id)
         (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20),
          PARTITION p2 VALUES LESS THAN (1000), PARTITION p3 VALUES LESS THAN MAXVALUE)`,
      'INSERT INTO parts VALUES (1, 1), (11, 1), (21, 1), (5000, 1)',
      'CREATE TABLE parts_archive (id INT PRIMARY KEY, v INT)',
      'INSERT INTO parts_archive VALUES (12, -1), (13, -1)',
    ],
    ddl: [
      'ALTER TABLE @.parts TRUNCATE PARTITION p0',
      'ALTER TABLE @.parts EXCHANGE PARTITION p1 WITH TABLE @.parts_archive',
      'ALTER TABLE @.parts DROP PARTITION p3',
      'ALTER TABLE @.parts ADD PARTITION (PARTITION p4 VALUES LESS THAN MAXVALUE)',
      `ALTER TABLE @.parts REORGANIZE PARTITION p2 INTO
         (PARTITION p2a VALUES LESS THAN (500), PARTITION p2b VALUES LESS THAN (1000))`,
    ],
    written: ['parts'],
  },
  {
    what: 'comments, blanks and quotes in odd places',
    setup: [
      'CREATE TABLE `odd ``table; --` (id INT PRIMARY KEY, v INT, `a "b" c` INT)',
      'INSERT INTO `odd ``table; --` VALUES (1, 1, 1)',
      ...seeded('commented', ', a INT', ', 5'),
      ...seeded('commented_too'),
      ...seeded('untouched'),
    ],
    ddl: [
      'ALTER /* DROP TABLE x */ TABLE @.`odd ``table; --` RENAME COLUMN `a "b" c` TO `d``e`',
      'ALTER TABLE @.`odd ``table; --` ADD COLUMN `f/*` INT DEFAULT 5 -- the end',
      "alter\n\ttable @.commented/**/add column\n\tb varchar(20) default 'TRUNCATE TABLE x;' # x",
      '/*!50001 ALTER TABLE @.commented DROP COLUMN a */',
      '/* untouched */ TRUNCATE /*!50001 TABLE */ @ . `commented_too`',
      "ALTER TABLE @.commented ADD COLUMN c INT COMMENT 'RENAME TABLE untouched TO touched'",
    ],
    written: ['`odd ``table; --`', 'commented', 'commented_too', 'untouched'],
  },
  {
    what: 'tables of the same names elsewhere, and temporary ones',
    setup: [...seeded('namesake'), ...seeded('shadowed')],
    ddl: [
      'CREATE DATABASE @_elsewhere',
      'CREATE TABLE @_elsewhere.namesake (id INT PRIMARY KEY, other INT)',
      'INSERT INTO @_elsewhere.namesake VALUES (1, 1), (77, 7)',
      'ALTER TABLE @_elsewhere.namesake ADD COLUMN v INT FIRST',
      'TRUNCATE TABLE @_elsewhere.namesake',
      'RENAME TABLE @_elsewhere.namesake TO @_elsewhere.shadowed',
      'DROP TABLE @_elsewhere.shadowed',
      'DROP DATABASE @_elsewhere',
      'CREATE TEMPORARY TABLE @.shadowed (id INT PRIMARY KEY, mine INT)',
      'INSERT INTO @.shadowed VALUES (1, 1)',
      'ALTER TABLE @.shadowed ADD COLUMN more INT',
      'TRUNCATE TABLE @.shadowed',
      'DROP TEMPORARY TABLE @.shadowed',
    ],
    written: ['namesake', 'shadowed'],
  },
];

export function schemaChangeCases(flavour: Flavour): SchemaChangeCase[] {
  return [...columnCases, ...tableCases].filter(
    ({ flavours }) => flavours?.includes(flavour) ?? true,
  );
}
