/** A statement on a parent table, whose cascades the server and the replica have to agree on. */
export interface CascadeCase {
  readonly what: string;
  /** Statements for the source; every table has a column `id` that orders its rows. */
  readonly setUp: readonly string[];
  readonly parent: string;
  /** The rows that the statement itself deletes or updates. */
  readonly where: string;
  /** New values by column, as SQL for both databases; null: a DELETE. */
  readonly set: Readonly<Record<string, string>> | null;
  /** What is said of the child tables: [deleted, updated]. */
  readonly counts: Readonly<Record<string, readonly [number, number]>>;
}

const CHAIN = [
  'CREATE TABLE a (id INT PRIMARY KEY)',
  `CREATE TABLE b (id INT PRIMARY KEY, a INT,
     CONSTRAINT b_a FOREIGN KEY (a) REFERENCES a (id) ON DELETE CASCADE)`,
  `CREATE TABLE c (id INT PRIMARY KEY, b INT,
     CONSTRAINT c_b FOREIGN KEY (b) REFERENCES b (id) ON DELETE CASCADE)`,
  `CREATE TABLE d (id INT PRIMARY KEY, c INT, note VARCHAR(20),
     CONSTRAINT d_c FOREIGN KEY (c) REFERENCES c (id) ON DELETE SET NULL)`,
  'INSERT INTO a VALUES (1), (2), (3)',
  'INSERT INTO b VALUES (10, 1), (11, 1), (12, 2), (13, NULL)',
  'INSERT INTO c VALUES (100, 10), (101, 10), (102, 11), (103, 12), (104, NULL)',
  "INSERT INTO d VALUES (1, 100, 'x'), (2, 102, NULL), (3, 103, 'y'), (4, NULL, 'z')",
];

const TREE = (actions: string): string[] => [
  `CREATE TABLE tree (id INT PRIMARY KEY, parent INT,
     CONSTRAINT tree_parent FOREIGN KEY (parent) REFERENCES tree (id) ${actions})`,
  'INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 1), (4, 2), (5, 4), (6, NULL), (7, 6)',
];

const TWO_PARENTS = [
  'CREATE TABLE p (id INT PRIMARY KEY)',
  'CREATE TABLE q (id INT PRIMARY KEY)',
  `CREATE TABLE c (id INT PRIMARY KEY, p INT, q INT,
     CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE ON UPDATE CASCADE,
     CONSTRAINT c_q FOREIGN KEY (q) REFERENCES q (id) ON DELETE SET NULL ON UPDATE SET NULL)`,
  'INSERT INTO p VALUES (1), (2)',
  'INSERT INTO q VALUES (1), (2)',
  'INSERT INTO c VALUES (1, 1, 1), (2, 1, 2), (3, 2, 1), (4, NULL, 1), (5, 2, NULL)',
];

const COMPOSITE = [
  'CREATE TABLE p (id INT, region VARCHAR(10), code INT, PRIMARY KEY (id), UNIQUE (region, code))',
  `CREATE TABLE c (id INT PRIMARY KEY, code INT, region VARCHAR(10),
     CONSTRAINT c_p FOREIGN KEY (region, code) REFERENCES p (region, code)
       ON DELETE SET NULL ON UPDATE CASCADE)`,
  "INSERT INTO p VALUES (1, 'north', 1), (2, 'north', 2), (3, 'south', 1), (4, NULL, 1)",
  `INSERT INTO c VALUES (1, 1, 'north'), (2, 2, 'north'), (3, 1, 'south'), (4, 1, NULL),
     (5, NULL, 'north'), (6, 9, NULL)`,
];

/** `mid.code` is what its own children refer to, and what its parent's key moves. */
const MOVING_CHAIN = (grandchild: string): string[] => [
  'CREATE TABLE top (id INT PRIMARY KEY, code INT NOT NULL UNIQUE, other INT UNIQUE)',
  `CREATE TABLE mid (id INT PRIMARY KEY, code INT UNIQUE, other INT,
     CONSTRAINT mid_code FOREIGN KEY (code) REFERENCES top (code)
       ON DELETE SET NULL ON UPDATE CASCADE,
     CONSTRAINT mid_other FOREIGN KEY (other) REFERENCES top (other) ON UPDATE SET NULL)`,
  `CREATE TABLE leaf (id INT PRIMARY KEY, code INT,
     CONSTRAINT leaf_code FOREIGN KEY (code) REFERENCES mid (code) ${grandchild})`,
  'INSERT INTO top VALUES (1, 10, 100), (2, 20, 200), (3, 30, NULL)',
  'INSERT INTO mid VALUES (1, 10, 100), (2, 20, 100), (3, 30, 200), (4, NULL, NULL)',
  'INSERT INTO leaf VALUES (1, 10), (2, 10), (3, 20), (4, 30), (5, NULL)',
];

const NAMES = (collation: string): string[] => [
  `CREATE TABLE p (id INT PRIMARY KEY, name VARCHAR(20) UNIQUE)
     CHARACTER SET utf8mb4 COLLATE ${collation}`,
  `CREATE TABLE c (id INT PRIMARY KEY, name VARCHAR(20),
     CONSTRAINT c_name FOREIGN KEY (name) REFERENCES p (name) ON DELETE CASCADE ON UPDATE CASCADE)
     CHARACTER SET utf8mb4 COLLATE ${collation}`,
  "INSERT INTO p VALUES (1, 'Zoë'), (2, 'Ärger'), (3, 'plain')",
  "INSERT INTO c VALUES (1, 'Zoë'), (2, 'Ärger'), (3, 'plain'), (4, NULL)",
];

const OTHERWISE_WRITTEN = "INSERT INTO c VALUES (5, 'zoe'), (6, 'ZOË '), (7, 'PLAIN')";

export const CASCADE_CASES: readonly CascadeCase[] = [
  {
    what: 'a chain of four tables',
    setUp: CHAIN,
    parent: 'a',
    where: 'id IN (1, 3)',
    set: null,
    counts: { b: [2, 0], c: [3, 0], d: [0, 2] },
  },
  {
    what: 'the middle of a chain',
    setUp: CHAIN,
    parent: 'b',
    where: 'id = 12',
    set: null,
    counts: { c: [1, 0], d: [0, 1] },
  },
  {
    what: 'a parent without children',
    setUp: CHAIN,
    parent: 'a',
    where: 'id = 3',
    set: null,
    counts: {},
  },
  {
    what: 'a table that refers to itself',
    setUp: TREE('ON DELETE CASCADE'),
    parent: 'tree',
    where: 'id = 1',
    set: null,
    counts: { tree: [4, 0] },
  },
  {
    what: 'a table that refers to itself, with SET NULL',
    setUp: TREE('ON DELETE SET NULL'),
    parent: 'tree',
    where: 'id IN (2, 6)',
    set: null,
    counts: { tree: [0, 2] },
  },
  {
    what: 'tables that refer to each other',
    setUp: [
      'CREATE TABLE x (id INT PRIMARY KEY, y INT)',
      `CREATE TABLE y (id INT PRIMARY KEY, x INT,
         CONSTRAINT y_x FOREIGN KEY (x) REFERENCES x (id) ON DELETE CASCADE)`,
      'INSERT INTO x VALUES (1, 11), (2, 12), (3, 13), (4, NULL), (5, 11)',
      'INSERT INTO y VALUES (11, 2), (12, 3), (13, 1), (14, 4)',
      'ALTER TABLE x ADD CONSTRAINT x_y FOREIGN KEY (y) REFERENCES y (id) ON DELETE CASCADE',
    ],
    parent: 'x',
    where: 'id = 1',
    set: null,
    counts: { x: [3, 0], y: [3, 0] },
  },
  {
    what: 'two parents, of which one is deleted from with CASCADE',
    setUp: TWO_PARENTS,
    parent: 'p',
    where: 'id = 1',
    set: null,
    counts: { c: [2, 0] },
  },
  {
    what: 'two parents, of which one is deleted from with SET NULL',
    setUp: TWO_PARENTS,
    parent: 'q',
    where: 'id = 1',
    set: null,
    counts: { c: [0, 3] },
  },
  {
    what: 'two parents, of which one changes its key with CASCADE',
    setUp: TWO_PARENTS,
    parent: 'p',
    where: 'id IN (1, 2)',
    set: { id: 'id + 10' },
    counts: { c: [0, 4] },
  },
  {
    what: 'two parents, of which one changes its key with SET NULL',
    setUp: TWO_PARENTS,
    parent: 'q',
    where: 'id = 2',
    set: { id: '99' },
    counts: { c: [0, 1] },
  },
  {
    what: 'two keys of one child to one parent',
    setUp: [
      'CREATE TABLE p (id INT PRIMARY KEY)',
      `CREATE TABLE c (id INT PRIMARY KEY, one INT, other INT,
         CONSTRAINT c_1 FOREIGN KEY (one) REFERENCES p (id) ON DELETE SET NULL,
         CONSTRAINT c_2 FOREIGN KEY (other) REFERENCES p (id) ON DELETE CASCADE)`,
      'INSERT INTO p VALUES (1), (2)',
      'INSERT INTO c VALUES (1, 1, 1), (2, 1, 2), (3, 2, 1), (4, 2, 2), (5, NULL, 1)',
    ],
    parent: 'p',
    where: 'id = 1',
    set: null,
    counts: { c: [3, 2] },
  },
  {
    what: 'a diamond',
    setUp: [
      'CREATE TABLE top (id INT PRIMARY KEY)',
      `CREATE TABLE l (id INT PRIMARY KEY, t INT,
         CONSTRAINT l_t FOREIGN KEY (t) REFERENCES top (id) ON DELETE CASCADE)`,
      `CREATE TABLE r (id INT PRIMARY KEY, t INT,
         CONSTRAINT r_t FOREIGN KEY (t) REFERENCES top (id) ON DELETE CASCADE)`,
      `CREATE TABLE leaf (id INT PRIMARY KEY, l INT, r INT,
         CONSTRAINT leaf_l FOREIGN KEY (l) REFERENCES l (id) ON DELETE SET NULL,
         CONSTRAINT leaf_r FOREIGN KEY (r) REFERENCES r (id) ON DELETE CASCADE)`,
      'INSERT INTO top VALUES (1), (2)',
      'INSERT INTO l VALUES (1, 1), (2, 2)',
      'INSERT INTO r VALUES (1, 1), (2, 2)',
      'INSERT INTO leaf VALUES (1, 1, 1), (2, 1, 2), (3, 2, 1), (4, 2, 2), (5, 1, NULL)',
    ],
    parent: 'top',
    where: 'id = 1',
    set: null,
    counts: { l: [1, 0], r: [1, 0], leaf: [2, 3] },
  },
  {
    what: 'a key of two columns, one of them NULL here and there: SET NULL',
    setUp: COMPOSITE,
    parent: 'p',
    where: 'id IN (1, 4)',
    set: null,
    counts: { c: [0, 1] },
  },
  {
    what: 'a key of two columns, one of which changes',
    setUp: COMPOSITE,
    parent: 'p',
    where: "region = 'north'",
    set: { code: 'code + 7' },
    counts: { c: [0, 2] },
  },
  {
    what: 'a referenced column that becomes NULL',
    setUp: COMPOSITE,
    parent: 'p',
    where: 'id = 3',
    set: { region: 'CAST(NULL AS CHAR(10))' },
    counts: { c: [0, 1] },
  },
  {
    what: 'a chain of moving keys',
    setUp: MOVING_CHAIN('ON UPDATE CASCADE'),
    parent: 'top',
    where: 'id IN (1, 2)',
    set: { code: 'code + 1' },
    counts: { mid: [0, 2], leaf: [0, 3] },
  },
  {
    what: 'a moving key whose grandchildren lose theirs',
    setUp: MOVING_CHAIN('ON UPDATE SET NULL'),
    parent: 'top',
    where: 'id = 1',
    set: { code: '15' },
    counts: { mid: [0, 1], leaf: [0, 2] },
  },
  {
    what: 'a deletion that updates children, whose own children follow',
    setUp: MOVING_CHAIN('ON UPDATE CASCADE'),
    parent: 'top',
    where: 'id = 3',
    set: null,
    counts: { mid: [0, 1], leaf: [0, 1] },
  },
  {
    what: 'a changed column that only one of two keys refers to',
    setUp: MOVING_CHAIN('ON UPDATE CASCADE'),
    parent: 'top',
    where: 'id = 1',
    set: { code: '11' },
    counts: { mid: [0, 1], leaf: [0, 2] },
  },
  {
    what: 'both of the referenced columns at once',
    setUp: MOVING_CHAIN('ON UPDATE CASCADE'),
    parent: 'top',
    where: 'id = 1',
    set: { code: '11', other: '111' },
    counts: { mid: [0, 3], leaf: [0, 2] },
  },
  {
    what: 'keys that take each other’s places',
    setUp: [
      'CREATE TABLE p (id INT PRIMARY KEY, code INT, INDEX (code))',
      `CREATE TABLE c (id INT PRIMARY KEY, code INT,
         CONSTRAINT c_code FOREIGN KEY (code) REFERENCES p (code) ON UPDATE CASCADE)`,
      'INSERT INTO p VALUES (1, 1), (2, 2), (3, 3)',
      'INSERT INTO c VALUES (1, 1), (2, 2), (3, 2), (4, 3)',
    ],
    parent: 'p',
    where: 'true ORDER BY id DESC',
    set: { code: 'code + 1' },
    counts: { c: [0, 4] },
  },
  {
    what: 'texts that differ in case, accents and trailing spaces',
    setUp: [...NAMES('utf8mb4_general_ci'), OTHERWISE_WRITTEN],
    parent: 'p',
    where: 'id = 1',
    set: null,
    counts: { c: [3, 0] },
  },
  {
    what: 'a text that changes in case alone',
    setUp: [...NAMES('utf8mb4_unicode_ci'), OTHERWISE_WRITTEN],
    parent: 'p',
    where: 'id = 1',
    set: { name: "'ZOE'" },
    counts: { c: [0, 3] },
  },
  {
    what: 'texts of a binary collation',
    setUp: NAMES('utf8mb4_bin'),
    parent: 'p',
    where: 'id IN (1, 2)',
    set: { name: "concat('x', name)" },
    counts: { c: [0, 2] },
  },
  {
    what: 'a key that refuses',
    setUp: [
      'CREATE TABLE p (id INT PRIMARY KEY)',
      `CREATE TABLE c (id INT PRIMARY KEY, p INT,
         CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p (id) ON DELETE RESTRICT)`,
      'INSERT INTO p VALUES (1), (2)',
      'INSERT INTO c VALUES (1, 1)',
    ],
    parent: 'p',
    where: 'id = 2',
    set: null,
    counts: {},
  },
  {
    what: 'names that need quoting',
    setUp: [
      'CREATE TABLE `group "by"` (id INT, `the ``key``` INT UNIQUE, PRIMARY KEY (id))',
      `CREATE TABLE \`select\` (id INT PRIMARY KEY, \`from "x"\` INT, CONSTRAINT \`a (b) \`\`c\`\`\`
         FOREIGN KEY (\`from "x"\`) REFERENCES \`group "by"\` (\`the \`\`key\`\`\`)
         ON DELETE CASCADE ON UPDATE CASCADE) COMMENT 'ON DELETE SET NULL'`,
      'INSERT INTO `group "by"` VALUES (1, 1), (2, 2)',
      'INSERT INTO `select` VALUES (1, 1), (2, 2), (3, NULL)',
    ],
    parent: 'group "by"',
    where: 'id = 1',
    set: null,
    counts: { select: [1, 0] },
  },
  ...['ON DELETE SET NULL', 'ON DELETE CASCADE'].map((action): CascadeCase => ({
    what: `keys of several types, ${action}`,
    setUp: [
      `CREATE TABLE p (id INT PRIMARY KEY, b BINARY(4) UNIQUE, d DATETIME UNIQUE,
           n DECIMAL(20,4) UNIQUE, u BIGINT UNSIGNED UNIQUE, e ENUM('x', 'y') UNIQUE)`,
      `CREATE TABLE c (id INT PRIMARY KEY, b BINARY(4), d DATETIME, n DECIMAL(20,4),
           u BIGINT UNSIGNED, e ENUM('x', 'y'),
           CONSTRAINT c_b FOREIGN KEY (b) REFERENCES p (b) ${action},
           CONSTRAINT c_d FOREIGN KEY (d) REFERENCES p (d) ${action},
           CONSTRAINT c_n FOREIGN KEY (n) REFERENCES p (n) ${action},
           CONSTRAINT c_u FOREIGN KEY (u) REFERENCES p (u) ${action},
           CONSTRAINT c_e FOREIGN KEY (e) REFERENCES p (e) ${action})`,
      `INSERT INTO p VALUES (1, 'abcd', '2024-02-29 01:02:03', -1.5000, 18446744073709551615, 'x'),
           (2, 'efgh', '1999-01-01 00:00:00', 2.2500, 0, 'y')`,
      `INSERT INTO c SELECT id * 10, b, NULL, NULL, NULL, NULL FROM p UNION ALL
           SELECT id * 10 + 1, NULL, d, NULL, NULL, NULL FROM p UNION ALL
           SELECT id * 10 + 2, NULL, NULL, n, NULL, NULL FROM p UNION ALL
           SELECT id * 10 + 3, NULL, NULL, NULL, u, NULL FROM p UNION ALL
           SELECT id * 10 + 4, NULL, NULL, NULL, NULL, e FROM p`,
    ],
    parent: 'p',
    where: 'id = 1',
    set: null,
    counts: { c: action === 'ON DELETE CASCADE' ? [5, 0] : [0, 5] },
  })),
];
