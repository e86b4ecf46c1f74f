import type { Finding } from '../../model/finding.js';
import { sourceConfig } from '../context.js';
import { EXIT_FAILED, EXIT_OK, printJson, printLine } from '../output.js';
import { preflight } from '../preflight.js';

const MARKS: Record<Finding['level'], string> = { ok: '✓', warning: '!', blocker: '✗' };

export async function runCheck({ json }: { readonly json: boolean }): Promise<number> {
  const findings = await preflight(sourceConfig());
  if (json) printJson({ findings });
  else {
    for (const { level, what, remedy } of findings) {
      printLine(`${MARKS[level]} ${what}`);
      if (remedy !== null) printLine(`    ${remedy}`);
    }
  }
  return findings.some(({ level }) => level === 'blocker') ? EXIT_FAILED : EXIT_OK;
}
