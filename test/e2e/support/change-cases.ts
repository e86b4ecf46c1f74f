import type { Flavour } from '../../servers/test-server.js';

/** Changes of rows that a binlog shows in some way of its own. */
export interface ChangeCase {
  readonly what: string;
  readonly flavours?: readonly Flavour[];
  readonly tables: readonly string[];
  /** Before the service has copied the tables. */
  readonly setup: readonly string[];
  /** Afterwards, in the order of execution, in one session. */
  readonly changes: readonly string[];
}

/** 1 to `count`, for INSERT … SELECT; both servers take up to 1,000. */
function sequence(count: number): string {
  return `WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${count})`;
}

function transaction(...statements: readonly string[]): string[] {
  return ['BEGIN', ...statements, 'COMMIT'];
}

const keyCases: readonly ChangeCase[] = [
  {
    what: 'keys that change, and ranges of keys that are shifted',
    tables: ['shifted', 'half_keys', 'spelled'],
    setup: [
      'CREATE TABLE shifted (id INT PRIMARY KEY, v INT)',
      'CREATE TABLE half_keys (a INT, b VARCHAR(5), v INT, PRIMARY KEY (b, a))',
      `CREATE TABLE spelled (k VARCHAR(10) COLLATE utf8mb4_general_ci PRIMARY KEY, v INT)`,
      `INSERT INTO shifted ${sequence(300)} SELECT n, n FROM s`,
      "INSERT INTO half_keys VALUES (1, 'x', 1), (2, 'x', 2), (1, 'y', 3)",
      "INSERT INTO spelled VALUES ('one', 1), ('two', 2), ('trail ', 3)",
    ],
    changes: [
      'UPDATE shifted SET id = id + 1 ORDER BY id DESC',
      'DELETE FROM shifted WHERE id IN (99, 100)',
      'UPDATE shifted SET id = id - 2, v = v + 1 WHERE id > 100 ORDER BY id',
      'UPDATE shifted SET id = -id WHERE id % 3 = 0',
      "UPDATE half_keys SET b = 'z' WHERE a = 1 AND b = 'y'",
      'UPDATE half_keys SET a = a + 10 WHERE a = 2',
      "UPDATE spelled SET k = 'ONE' WHERE v = 1",
      "UPDATE spelled SET k = 'trail' WHERE v = 3",
      ...transaction(
        "UPDATE spelled SET k = 'óne' WHERE v = 1",
        "INSERT INTO spelled VALUES ('three', 4)",
      ),
    ],
  },
  {
    what: 'keys that change places within a transaction',
    tables: ['swapped'],
    setup: [
      'CREATE TABLE swapped (id INT PRIMARY KEY, v VARCHAR(10))',
      "INSERT INTO swapped VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')",
    ],
    changes: [
      ...transaction(
        'UPDATE swapped SET id = -1 WHERE id = 1',
        'UPDATE swapped SET id = 1 WHERE id = 2',
        'UPDATE swapped SET id = 2 WHERE id = -1',
      ),
      // Around in a circle, and one that comes back to where it was.
      ...transaction(
        'UPDATE swapped SET id = -1 WHERE id = 1',
        'UPDATE swapped SET id = 1 WHERE id = 2',
        'UPDATE swapped SET id = 2 WHERE id = 3',
        'UPDATE swapped SET id = 3 WHERE id = -1',
        "UPDATE swapped SET id = 9, v = 'back' WHERE id = 4",
        'UPDATE swapped SET id = 4 WHERE id = 9',
      ),
    ],
  },
  {
    what: 'rows that go and come, or come and go, under one key',
    tables: ['returned'],
    setup: [
      'CREATE TABLE returned (id INT PRIMARY KEY, v INT)',
      'INSERT INTO returned VALUES (1, 1), (2, 2), (3, 3)',
    ],
    changes: [
      ...transaction(
        'DELETE FROM returned WHERE id = 1',
        'INSERT INTO returned VALUES (1, 100)',
        'UPDATE returned SET v = v + 1 WHERE id = 1',
      ),
      ...transaction('INSERT INTO returned VALUES (9, 9)', 'DELETE FROM returned WHERE id = 9'),
      ...transaction(
        'DELETE FROM returned WHERE id = 2',
        'INSERT INTO returned VALUES (2, 200)',
        'DELETE FROM returned WHERE id = 2',
      ),
      'DELETE FROM returned WHERE id = 3',
      'INSERT INTO returned VALUES (3, 300)',
    ],
  },
  {
    what: 'REPLACE and ON DUPLICATE KEY, by other keys than the primary one too',
    tables: ['replaced'],
    setup: [
      'CREATE TABLE replaced (id INT PRIMARY KEY, code VARCHAR(5) UNIQUE, v INT)',
      "INSERT INTO replaced VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)",
    ],
    changes: [
      "REPLACE INTO replaced VALUES (1, 'b', 10)",
      "REPLACE INTO replaced VALUES (4, 'c', 40), (5, 'e', 50)",
      "INSERT INTO replaced VALUES (4, 'x', 0) ON DUPLICATE KEY UPDATE v = v + 1, code = 'y'",
      "INSERT INTO replaced VALUES (6, 'e', 0) ON DUPLICATE KEY UPDATE id = 66",
      "INSERT IGNORE INTO replaced VALUES (1, 'z', 0), (7, 'g', 7)",
    ],
  },
];

const tableCases: readonly ChangeCase[] = [
  {
    what: 'equal rows of a table without a key, one by one',
    tables: ['bag', 'wide_bag'],
    setup: [
      'CREATE TABLE bag (v INT, t VARCHAR(10), f DOUBLE, d DATE)',
      `INSERT INTO bag VALUES (1, 'x', 0.1, NULL), (1, 'x', 0.1, NULL), (1, 'x', 0.1, NULL),
         (NULL, NULL, NULL, NULL), (NULL, NULL, NULL, NULL), (2, '', 1e300, '0000-00-00')`,
      'CREATE TABLE wide_bag (body LONGTEXT, bytes BLOB, doc JSON)',
      `INSERT INTO wide_bag ${sequence(6)} SELECT REPEAT('é', 5000), x'00ff', '{"a": 1}' FROM s`,
    ],
    changes: [
      'DELETE FROM bag WHERE v = 1 LIMIT 1',
      "UPDATE bag SET t = 'y' WHERE v = 1 LIMIT 1",
      'DELETE FROM bag WHERE v IS NULL LIMIT 1',
      "INSERT INTO bag VALUES (2, '', 1e300, '0000-00-00'), (1, 'x', 0.1, NULL)",
      'DELETE FROM bag WHERE v = 2 LIMIT 1',
      ...transaction(
        "INSERT INTO bag VALUES (5, 'n', 5, NULL), (5, 'n', 5, NULL)",
        "UPDATE bag SET t = 'o' WHERE v = 5",
        'DELETE FROM bag WHERE v = 5 LIMIT 1',
        'UPDATE bag SET v = 1 WHERE v = 5',
      ),
      'DELETE FROM wide_bag LIMIT 2',
      "UPDATE wide_bag SET bytes = x'01' LIMIT 1",
      'INSERT INTO wide_bag SELECT body, bytes, doc FROM wide_bag',
    ],
  },
  {
    what: 'a table whose only key is a unique one',
    tables: ['unique_only', 'unique_null'],
    setup: [
      'CREATE TABLE unique_only (k BIGINT UNSIGNED NOT NULL UNIQUE, v INT)',
      'CREATE TABLE unique_null (k INT UNIQUE, v INT)',
      'INSERT INTO unique_only VALUES (1, 1), (18446744073709551615, 2)',
      'INSERT INTO unique_null VALUES (1, 1), (NULL, 2), (NULL, 2), (NULL, 3)',
    ],
    changes: [
      'UPDATE unique_only SET v = 3 WHERE k > 1',
      'UPDATE unique_only SET k = 7 WHERE k = 1',
      'DELETE FROM unique_null WHERE v = 2 LIMIT 1',
      'UPDATE unique_null SET k = 5 WHERE v = 3',
      'INSERT INTO unique_null VALUES (NULL, 2)',
    ],
  },
  {
    what: 'a table without transactions',
    tables: ['plain'],
    setup: [
      'CREATE TABLE plain (id INT PRIMARY KEY, v INT) ENGINE = MyISAM',
      'INSERT INTO plain VALUES (1, 1), (2, 2)',
    ],
    changes: [
      'INSERT INTO plain VALUES (3, 3), (4, 4)',
      'UPDATE plain SET v = v * 2',
      'DELETE FROM plain WHERE id = 1',
    ],
  },
  {
    // MySQL refuses this where GTIDs are on.
    what: 'a table without transactions in one that is rolled back',
    flavours: ['mariadb'],
    tables: ['kept', 'beside_kept'],
    setup: [
      'CREATE TABLE kept (id INT PRIMARY KEY, v INT) ENGINE = MyISAM',
      'CREATE TABLE beside_kept (id INT PRIMARY KEY, v INT)',
    ],
    changes: [
      'BEGIN',
      'INSERT INTO beside_kept VALUES (1, 1)',
      'INSERT INTO kept VALUES (5, 5)',
      'ROLLBACK',
      'INSERT INTO beside_kept VALUES (2, 2)',
    ],
  },
  {
    what: 'partitions',
    tables: ['parted'],
    setup: [
      `CREATE TABLE parted (id INT PRIMARY KEY, v INT) PARTITION BY RANGE (id)
         (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20),
          PARTITION p2 VALUES LESS THAN MAXVALUE)`,
      'INSERT INTO parted VALUES (1, 1), (11, 11), (21, 21)',
    ],
    changes: [
      'INSERT INTO parted VALUES (2, 2), (12, 12), (22, 22)',
      'UPDATE parted SET id = id + 12 WHERE id < 10 ORDER BY id DESC',
      'UPDATE parted SET v = v + 1',
      'DELETE FROM parted WHERE id IN (11, 21)',
    ],
  },
  {
    what: 'computed and invisible columns, and names that need quotes',
    tables: ['computed', 'od"d `ta\'ble', 'Größe'],
    setup: [
      `CREATE TABLE computed (id INT PRIMARY KEY AUTO_INCREMENT, v INT,
         twice INT GENERATED ALWAYS AS (v * 2) VIRTUAL,
         square INT GENERATED ALWAYS AS (v * v) STORED, hidden INT INVISIBLE DEFAULT 5)`,
      'CREATE TABLE `od"d ``ta\'ble` (`the "key"` INT PRIMARY KEY, `select` VARCHAR(5))',
      'CREATE TABLE `Größe` (`schlüssel` INT PRIMARY KEY, `wért` VARCHAR(5))',
      'INSERT INTO computed (v) VALUES (1), (2), (3)',
    ],
    changes: [
      'INSERT INTO computed (v, hidden) VALUES (4, 9), (5, NULL)',
      'UPDATE computed SET v = v + 10 WHERE id < 3',
      'UPDATE computed SET hidden = 6 WHERE id = 3',
      "INSERT INTO `od\"d ``ta'ble` VALUES (1, 'a'), (2, 'b')",
      'UPDATE `od"d ``ta\'ble` SET `select` = \'c\' WHERE `the "key"` = 2',
      "INSERT INTO `Größe` VALUES (1, 'ü')",
      "UPDATE `Größe` SET `wért` = '\u{1f986}'",
    ],
  },
];

const statementCases: readonly ChangeCase[] = [
  {
    what: 'savepoints',
    tables: ['saved'],
    setup: ['CREATE TABLE saved (id INT PRIMARY KEY, v INT)', 'INSERT INTO saved VALUES (1, 1)'],
    changes: [
      ...transaction(
        'INSERT INTO saved VALUES (2, 2)',
        'SAVEPOINT a',
        'UPDATE saved SET v = -1',
        'INSERT INTO saved VALUES (3, 3)',
        'SAVEPOINT b',
        'DELETE FROM saved',
        'ROLLBACK TO SAVEPOINT a',
        'INSERT INTO saved VALUES (4, 4)',
        'SAVEPOINT `c d`',
        'INSERT INTO saved VALUES (5, 5)',
        'RELEASE SAVEPOINT `c d`',
      ),
      'BEGIN',
      'INSERT INTO saved VALUES (6, 6)',
      'ROLLBACK',
    ],
  },
  {
    what: 'statements over several tables',
    tables: ['joined', 'joining'],
    setup: [
      'CREATE TABLE joined (id INT PRIMARY KEY, v INT)',
      'CREATE TABLE joining (id INT PRIMARY KEY, v INT)',
      `INSERT INTO joined ${sequence(50)} SELECT n, n FROM s`,
    ],
    changes: [
      'INSERT INTO joining SELECT id, v * 2 FROM joined WHERE id <= 30',
      `UPDATE joined JOIN joining USING (id) SET joined.v = joining.v, joining.v = -1
        WHERE id % 2 = 0`,
      'DELETE joined, joining FROM joined JOIN joining USING (id) WHERE id > 20',
    ],
  },
  {
    what: 'triggers',
    tables: ['watched', 'watchers'],
    setup: [
      'CREATE TABLE watched (id INT PRIMARY KEY, v INT)',
      'CREATE TABLE watchers (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(20))',
      `CREATE TRIGGER after_insert AFTER INSERT ON watched FOR EACH ROW
         INSERT INTO watchers (what) VALUES (CONCAT('insert ', NEW.id))`,
      `CREATE TRIGGER before_update BEFORE UPDATE ON watched FOR EACH ROW SET NEW.v = NEW.v + 1000`,
      `CREATE TRIGGER after_delete AFTER DELETE ON watched FOR EACH ROW
         DELETE FROM watchers WHERE what = CONCAT('insert ', OLD.id)`,
      'INSERT INTO watched VALUES (1, 1), (2, 2)',
    ],
    changes: [
      'INSERT INTO watched VALUES (3, 3), (4, 4)',
      'UPDATE watched SET v = v + 1',
      'DELETE FROM watched WHERE id IN (1, 3)',
    ],
  },
  {
    what: 'values that the replica cannot hold come, change and go',
    tables: ['impossible', 'impossible_bag'],
    setup: [
      'CREATE TABLE impossible (id INT PRIMARY KEY, d DATE, t TIME, b TINYINT(1))',
      'CREATE TABLE impossible_bag (d DATE, v INT)',
      "INSERT INTO impossible VALUES (1, '0000-00-00', '-01:00:00', 1), (2, '2024-01-01', NULL, 0)",
      "INSERT INTO impossible_bag VALUES ('0000-00-00', 1), ('0000-00-00', 2)",
    ],
    changes: [
      "INSERT INTO impossible VALUES (3, '2024-02-00', '25:00:00', 1), (4, '0000-00-00', NULL, 0)",
      "UPDATE impossible SET d = '2024-01-01' WHERE id = 1",
      "UPDATE impossible SET d = '0000-00-00', t = '-838:59:59' WHERE id = 2",
      'UPDATE impossible SET id = 30 WHERE id = 3',
      'DELETE FROM impossible WHERE id = 4',
      'DELETE FROM impossible_bag WHERE v = 1',
      "INSERT INTO impossible_bag VALUES ('0000-00-00', 3)",
    ],
  },
  {
    what: 'compressed transactions',
    flavours: ['mysql'],
    tables: ['packed', 'packed_bag'],
    setup: [
      'CREATE TABLE packed (id INT PRIMARY KEY, v VARCHAR(500))',
      'CREATE TABLE packed_bag (v VARCHAR(500))',
    ],
    changes: [
      'SET SESSION binlog_transaction_compression = ON',
      `INSERT INTO packed ${sequence(500)} SELECT n, REPEAT('value ', n % 80) FROM s`,
      ...transaction(
        'INSERT INTO packed_bag SELECT v FROM packed WHERE id < 50',
        'UPDATE packed SET id = id + 1000 WHERE id % 5 = 0',
        'DELETE FROM packed WHERE id % 7 = 0',
      ),
      'SET SESSION binlog_transaction_compression = OFF',
      'UPDATE packed SET v = NULL WHERE id % 11 = 0',
    ],
  },
  {
    what: 'compressed columns',
    flavours: ['mariadb'],
    tables: ['packed_columns'],
    setup: [
      `CREATE TABLE packed_columns (id INT PRIMARY KEY, t TEXT COMPRESSED, b BLOB COMPRESSED,
         v VARCHAR(2000) COMPRESSED)`,
      "INSERT INTO packed_columns VALUES (1, 'short', x'00', NULL)",
    ],
    changes: [
      `INSERT INTO packed_columns ${sequence(20)}
         SELECT n + 1, REPEAT('text ', n * 100), UNHEX(REPEAT('00ff', n * 50)), REPEAT('é', n * 20)
           FROM s`,
      "UPDATE packed_columns SET t = '', v = 'x' WHERE id % 3 = 0",
      'UPDATE packed_columns SET b = NULL WHERE id % 4 = 0',
    ],
  },
];

const cascadeCases: readonly ChangeCase[] = [
  {
    what: 'cascades of foreign keys',
    tables: ['parents', 'children', 'grandchildren', 'orphans'],
    setup: [
      'CREATE TABLE parents (id INT PRIMARY KEY, v INT)',
      `CREATE TABLE children (id INT PRIMARY KEY, parent INT, v INT,
         FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE ON UPDATE CASCADE)`,
      `CREATE TABLE grandchildren (id INT PRIMARY KEY, child INT,
         FOREIGN KEY (child) REFERENCES children (id) ON DELETE CASCADE ON UPDATE CASCADE)`,
      `CREATE TABLE orphans (id INT PRIMARY KEY, parent INT,
         FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE SET NULL ON UPDATE SET NULL)`,
      `INSERT INTO parents ${sequence(30)} SELECT n, n FROM s`,
      `INSERT INTO children ${sequence(90)} SELECT n, 1 + n % 30, n FROM s`,
      `INSERT INTO grandchildren ${sequence(180)} SELECT n, 1 + n % 90 FROM s`,
      `INSERT INTO orphans ${sequence(60)} SELECT n, 1 + n % 30 FROM s`,
    ],
    changes: [
      'DELETE FROM parents WHERE id IN (1, 2)',
      'UPDATE parents SET id = id + 100 WHERE id BETWEEN 3 AND 6',
      'UPDATE parents SET v = 0 WHERE id BETWEEN 7 AND 9',
      ...transaction(
        'INSERT INTO parents VALUES (200, 1)',
        'INSERT INTO children VALUES (200, 200, 1), (201, 200, 1)',
        'INSERT INTO grandchildren VALUES (200, 200)',
        'UPDATE children SET id = 202 WHERE id = 200',
        'DELETE FROM parents WHERE id = 10',
        'UPDATE parents SET id = 201 WHERE id = 200',
      ),
      ...transaction(
        'INSERT INTO children VALUES (300, 11, 1)',
        'DELETE FROM children WHERE parent = 11 AND id < 300',
        'DELETE FROM parents WHERE id = 11',
      ),
    ],
  },
  {
    what: 'cascades within a table',
    // MySQL counts every generation as a table, and takes 30 of them.
    flavours: ['mariadb'],
    tables: ['tree'],
    setup: [
      `CREATE TABLE tree (id INT PRIMARY KEY, parent INT,
         FOREIGN KEY (parent) REFERENCES tree (id) ON DELETE CASCADE)`,
      `INSERT INTO tree ${sequence(60)} SELECT n, IF(n = 1, NULL, n DIV 2) FROM s`,
    ],
    changes: ['DELETE FROM tree WHERE id IN (4, 7)', 'DELETE FROM tree WHERE id = 2'],
  },
  {
    what: 'cascades over a key of two columns, and one step within a table',
    tables: ['managed', 'pairs', 'of_pairs'],
    setup: [
      `CREATE TABLE managed (id INT PRIMARY KEY, manager INT,
         FOREIGN KEY (manager) REFERENCES managed (id) ON DELETE SET NULL)`,
      `INSERT INTO managed ${sequence(30)} SELECT n, IF(n < 4, NULL, 1 + n % 3) FROM s`,
      `CREATE TABLE pairs (a INT, b VARCHAR(5) COLLATE utf8mb4_general_ci, PRIMARY KEY (a, b))`,
      `CREATE TABLE of_pairs (id INT PRIMARY KEY, a INT, b VARCHAR(5) COLLATE utf8mb4_general_ci,
         FOREIGN KEY (a, b) REFERENCES pairs (a, b) ON DELETE SET NULL ON UPDATE CASCADE)`,
      "INSERT INTO pairs VALUES (1, 'x'), (1, 'y'), (2, 'x')",
      "INSERT INTO of_pairs VALUES (1, 1, 'x'), (2, 1, 'X'), (3, 1, 'y'), (4, 2, 'x'), (5, 1, NULL)",
    ],
    changes: [
      'DELETE FROM managed WHERE id = 1',
      "UPDATE pairs SET b = 'z' WHERE a = 1 AND b = 'x'",
      "DELETE FROM pairs WHERE a = 1 AND b = 'y'",
      'UPDATE pairs SET a = 3 WHERE a = 2',
      'DELETE FROM managed WHERE id = 2',
    ],
  },
];

export function changeCases(flavour: Flavour): ChangeCase[] {
  return [...keyCases, ...tableCases, ...statementCases, ...cascadeCases].filter(
    ({ flavours }) => flavours?.includes(flavour) ?? true,
  );
}
