/** A stream that was not heard of for so long lags by at least that. */
const SILENT_MS = 10_000;

/** How far the replica is behind the source, as far as is known; null: not known. */
export function lagSeconds({
  isCaughtUp,
  sourceTimeMs,
  heardAtMs,
}: {
  readonly isCaughtUp: boolean;
  readonly sourceTimeMs: number | null;
  readonly heardAtMs: number;
}): number | null {
  const silentMs = Date.now() - heardAtMs;
  const unknownMs = silentMs > SILENT_MS ? silentMs : 0;
  if (isCaughtUp) return unknownMs / 1000;
  if (sourceTimeMs === null) return null;
  return Math.max(0, heardAtMs - sourceTimeMs + unknownMs) / 1000;
}
