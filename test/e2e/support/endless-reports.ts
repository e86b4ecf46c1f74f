/** What they want has no end: one value, a sort, groups. */
export const ENDLESS_REPORTS: readonly string[] = [
  `SELECT list(a.range || repeat('x', 100)) FROM range(100000) a, range(1000) b`,
  `SELECT * FROM (SELECT a.range * b.range AS n, repeat('x', 200) || a.range AS t
     FROM range(100000) a, range(1000) b) ORDER BY n, t`,
  `SELECT t, count(*), string_agg(n::VARCHAR) FROM (SELECT a.range * b.range AS n,
     md5((a.range + b.range * 7919)::VARCHAR) AS t FROM range(100000) a, range(1000) b)
     GROUP BY t ORDER BY 2`,
];
