import type { SourceClock } from '../model/source-clock.js';
import type { SourceSession } from './connect.js';

export async function readSourceClock(session: SourceSession): Promise<SourceClock> {
  const zoned = (utc: string): string =>
    `COALESCE(CONVERT_TZ(${utc}, '+00:00', @@GLOBAL.time_zone), ${utc})`;
  const [row] = await session.query<{ utc: string; latest: string; daylight: string | number }>(
    `SELECT CAST(UTC_TIMESTAMP(6) AS CHAR) AS utc,
            CAST(GREATEST(UTC_TIMESTAMP(6), ${zoned('UTC_TIMESTAMP(6)')}) AS CHAR) AS latest,
            ABS(TIMESTAMPDIFF(SECOND, ${zoned("CAST('2026-01-01' AS DATETIME)")},
              ${zoned("CAST('2026-07-01' AS DATETIME)")}) - 181 * 86400) AS daylight`,
  );
  return { utc: row.utc, latest: row.latest, daylightSeconds: Number(row.daylight) };
}
