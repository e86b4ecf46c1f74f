import { expressions, literals, type TypeCase } from './type-case.js';

/** Columns that the server computes, and columns that `SELECT *` leaves out. */
export const computedCases: readonly TypeCase[] = [
  { name: 'computed_virtual', ddl: 'BIGINT AS (NULLIF(id, 64) * 3) VIRTUAL', values: [] },
  { name: 'computed_stored', ddl: 'INT AS (NULLIF(id, 63) - 1000) STORED', values: [] },
  {
    name: 'computed_text',
    ddl: `VARCHAR(60) AS (IF(id = 2047, NULL, CONCAT('row number ', id, ' ü'))) STORED`,
    values: [],
  },
  { name: 'computed_decimal', ddl: 'DECIMAL(12,4) AS (id / 7) VIRTUAL', values: [] },
  { name: 'invisible_int', ddl: 'INT INVISIBLE', values: literals('-5', '0', '5') },
  { name: 'invisible_text', ddl: 'VARCHAR(40) INVISIBLE', values: expressions(`''`, `'seen'`) },
];
