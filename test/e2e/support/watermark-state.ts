import assert from 'node:assert/strict';
import { Replica } from '../../helpers/replica.js';
import type { TestSource } from '../../helpers/test-source.js';
import { SEEDED_UNTIL } from './wide-changes.js';

export interface AppliedState {
  readonly watermark: string;
  /** Rows of `orders` that are newer than what was seeded. */
  readonly rows: number;
  /** Those of them whose keys were seeded. */
  readonly updated: number;
}

/**
 * Fails unless the replica's newer rows of `orders` are those of the source up to the watermark
 * stored with them, and what is recorded of rejected values is about the rows that are there. The
 * source has to be at rest.
 */
export async function assertWatermarkMatchesData(
  source: TestSource,
  duckdbPath: string,
): Promise<AppliedState> {
  using replica = await Replica.open(duckdbPath);
  const [[watermark]] = await replica.texts(
    "SELECT value FROM _ducktail.watermarks WHERE table_name = 'orders'",
  );
  assert.ok(watermark !== null);
  const there = await source.texts(
    `SELECT CAST(id AS CHAR), SHA2(v, 256) FROM orders
      WHERE changed > '${SEEDED_UNTIL}' AND changed <= '${watermark}' ORDER BY id`,
  );
  const here = await replica.texts(
    `SELECT id::VARCHAR, sha256(v) FROM orders WHERE changed > '${SEEDED_UNTIL}' ORDER BY id`,
  );
  assert.deepEqual(here, there);
  const [[doubled]] = await replica.texts(
    'SELECT (count(*) - count(DISTINCT id))::VARCHAR FROM orders',
  );
  assert.equal(doubled, '0');
  const withoutDate = await replica.texts(
    `SELECT '["' || id || '"]' FROM orders WHERE d IS NULL ORDER BY id`,
  );
  const recorded = await replica.texts(
    `SELECT row_key::VARCHAR FROM _ducktail.rejected_values WHERE table_name = 'orders'
      ORDER BY (row_key->>0)::INT`,
  );
  assert.deepEqual(recorded, withoutDate);
  return {
    watermark,
    rows: here.length,
    updated: here.filter(([id]) => Number(id) < 1000).length,
  };
}
