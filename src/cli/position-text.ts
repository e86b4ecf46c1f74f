import type { BackupPosition } from '../keep/manifest.js';

/** Where the stream of changes goes on. */
export function positionText(position: BackupPosition | null): string {
  if (position === null) return 'No binlog position: the replica follows no stream of changes.';
  const { file, position: offset, gtidSet, sourceTime } = position;
  const time = sourceTime === null ? '' : `, the source's state of ${sourceTime}`;
  return `At ${file}:${offset}${gtidSet === null ? '' : ` (${gtidSet})`}${time}`;
}
