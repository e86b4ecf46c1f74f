import type { BackupContent } from '../keep/manifest.js';
import type { Retention } from '../keep/backup-name.js';
import type { WatermarkRule } from '../model/watermark-rule.js';
import type { S3Options } from '../storage/s3-options.js';

/** How backups are taken, as the configuration has it. */
export interface BackupSettings {
  /** A folder or `s3://…`; null: where each order says. */
  readonly target: string | null;
  readonly content: BackupContent;
  /** null: not encrypted. */
  readonly key: Buffer | null;
  readonly retention: Retention;
  readonly partitionBy: readonly WatermarkRule[];
  readonly s3: S3Options;
  readonly targetSchema: string;
  /** Ducktail's. */
  readonly version: string;
}

/** What a service does by itself to keep its replica. */
export interface KeepSettings {
  readonly backup: BackupSettings;
  /** A cron expression; null: never. */
  readonly backupSchedule: string | null;
  readonly snapshot: { readonly path: string; readonly intervalSeconds: number } | null;
  /** null: never. */
  readonly compactAtPercent: number | null;
}
