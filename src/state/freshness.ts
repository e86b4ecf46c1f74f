import { quoteDuckdbText } from '../common/identifiers.js';
import type { RowQuery } from './tables.js';

/** Up to where an answer is complete, as of the transaction that it was read in. */
export interface Freshness {
  /** The binlog's position; null: the replica does not follow it. */
  readonly binlog: { readonly file: string; readonly position: number } | null;
  /** null: the source has no GTIDs, or the replica does not follow its binlog. */
  readonly gtidSet: string | null;
  /** When the source committed the last transaction that is in it; ISO 8601, UTC. */
  readonly sourceTime: string | null;
  /** Replicated tables of which this is not said: they are behind, or not followed. */
  readonly except: readonly string[];
}

/** Within the transaction of the answer. */
export async function readFreshness(query: RowQuery, targetSchema: string): Promise<Freshness> {
  const schema = quoteDuckdbText(targetSchema);
  const [row] = await query(
    `SELECT s.binlog_file, s.binlog_position, s.gtid_set, epoch_ms(s.source_time) AS source_time_ms,
            (SELECT to_json(list(t.table_name ORDER BY t.table_name))::VARCHAR
               FROM _ducktail.tables t
              WHERE t.target_schema = ${schema}
                AND (NOT EXISTS (FROM _ducktail.checkpoints c
                       WHERE c.target_schema = ${schema} AND c.table_name = t.table_name AND c.in_stream)
                  OR EXISTS (FROM _ducktail.quarantined_tables q
                       WHERE q.target_schema = ${schema} AND q.table_name = t.table_name))) AS behind
       FROM (SELECT 1) LEFT JOIN _ducktail.stream s ON s.target_schema = ${schema}`,
  );
  const { source_time_ms: timeMs } = row;
  const file = row.binlog_file as string | null;
  const behind = row.behind as string | null;
  return {
    binlog: file === null ? null : { file, position: Number(row.binlog_position) },
    gtidSet: row.gtid_set as string | null,
    sourceTime: timeMs === null ? null : new Date(Number(timeMs)).toISOString(),
    except: behind === null ? [] : (JSON.parse(behind) as string[]),
  };
}
