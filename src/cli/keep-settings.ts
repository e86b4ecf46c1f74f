import type { ReplicaConfig } from '../../config/load.js';
import type { BackupSettings, KeepSettings } from '../service/keep-settings.js';
import type { S3Options } from '../storage/s3-options.js';
import { VERSION } from './version.js';

export function keepSettings(config: ReplicaConfig): KeepSettings {
  const { snapshotPath, snapshotSeconds, backupSchedule, compactAtPercent } = config;
  return {
    backup: backupSettings(config),
    backupSchedule,
    snapshot:
      snapshotPath === null ? null : { path: snapshotPath, intervalSeconds: snapshotSeconds },
    compactAtPercent: compactAtPercent === 0 ? null : compactAtPercent,
  };
}

export function backupSettings(config: ReplicaConfig): BackupSettings {
  return {
    target: config.backupTarget,
    content: config.backupContent,
    key: config.backupKey,
    retention: { count: config.backupKeep, days: config.backupKeepDays },
    partitionBy: config.partitionBy,
    s3: s3Options(config),
    targetSchema: config.targetSchema,
    version: VERSION,
  };
}

export function s3Options({ s3Endpoint, s3Region, s3Credentials }: ReplicaConfig): S3Options {
  return { endpoint: s3Endpoint, region: s3Region, credentials: s3Credentials };
}
