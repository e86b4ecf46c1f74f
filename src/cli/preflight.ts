import type { Config } from '../../config/load.js';
import type { Finding } from '../model/finding.js';
import { check } from '../service/check.js';

/** What stands in the way of what is configured; `cdc`: whether the binlog is to be followed. */
export function preflight(config: Config, cdc = config.cdcEnabled): Promise<Finding[]> {
  const { endpoint, tables: filter, types, watermarks } = config;
  return check(endpoint, { filter, types, watermarks, cdc });
}
