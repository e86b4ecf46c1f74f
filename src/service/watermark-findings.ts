import { ok, type Finding, warning } from '../model/finding.js';
import type { TablePlan } from '../model/column-plan.js';
import type { WatermarkReason } from '../model/table-schema.js';
import { createIndexStatement } from '../model/watermark-rule.js';
import { MAX_COPIED_ROWS, whyNotFollowed } from './sync-modes.js';

const REASONS: Readonly<Record<WatermarkReason, string>> = {
  configured: 'named by WATERMARK_COLUMNS',
  'on-update-timestamp': 'ON UPDATE CURRENT_TIMESTAMP',
  'usual-name': 'by its name',
  'auto-increment': 'AUTO_INCREMENT, which tells of inserts only',
};

/** How an incremental sync would follow each table, and what stands in its way or makes it slow. */
export function watermarkFindings(plans: readonly TablePlan[]): Finding[] {
  return plans.flatMap((plan): Finding[] => {
    const { name, watermark } = plan.schema;
    const obstacle = whyNotFollowed(plan);
    if (obstacle !== null || watermark === null) {
      return [
        warning(
          `${name}: an incremental sync can't follow it (${obstacle ?? ''}): up to ` +
            `${MAX_COPIED_ROWS.toLocaleString('en-US')} rows it is ` +
            'copied whole every time, beyond that it is left as it is, with an error',
          'Add a column that the server keeps, such as updated_at TIMESTAMP(6) NOT NULL DEFAULT ' +
            'CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), with an index, or name one in ' +
            'WATERMARK_COLUMNS.',
        ),
      ];
    }
    const chosen = `${name}: an incremental sync follows ${watermark.column} (${REASONS[watermark.reason]})`;
    if (watermark.indexName !== null) return [ok(chosen)];
    return [
      warning(
        `${chosen}, which no index begins with: every sync reads the whole table`,
        createIndexStatement(name, watermark.column),
      ),
    ];
  });
}
