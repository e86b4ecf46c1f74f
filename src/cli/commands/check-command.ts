import type { Finding } from '../../model/finding.js';
import { check } from '../../service/check.js';
import { sourceConfig } from '../context.js';
import { EXIT_FAILED, EXIT_OK, printJson, printLine } from '../output.js';

const MARKS: Record<Finding['level'], string> = { ok: '✓', warning: '!', blocker: '✗' };

export async function runCheck({ json }: { readonly json: boolean }): Promise<number> {
  const { endpoint, tables: filter, types, watermarks, cdcEnabled: cdc } = sourceConfig();
  const findings = await check(endpoint, { filter, types, watermarks, cdc });
  if (json) printJson({ findings });
  else {
    for (const { level, what, remedy } of findings) {
      printLine(`${MARKS[level]} ${what}`);
      if (remedy !== null) printLine(`    ${remedy}`);
    }
  }
  return findings.some(({ level }) => level === 'blocker') ? EXIT_FAILED : EXIT_OK;
}
