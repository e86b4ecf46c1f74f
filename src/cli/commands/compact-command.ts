import type { CompactionResult } from '../../keep/compaction.js';
import type { KeepHooks } from '../../keep/hooks.js';
import { compactAlone } from '../../service/backup.js';
import { databaseOptions, replicaConfig } from '../context.js';
import { EXIT_OK, formatBytes, printJson, printLine } from '../output.js';
import { findService } from '../running-service.js';
import { stopSignal } from '../stop-signal.js';

export async function runCompact(
  { json }: { readonly json: boolean },
  hooks?: KeepHooks,
): Promise<number> {
  const result = await compact(hooks);
  if (json) {
    printJson(result);
    return EXIT_OK;
  }
  const { bytesBefore, bytesAfter, seconds } = result;
  printLine(
    `${formatBytes(bytesBefore)} became ${formatBytes(bytesAfter)} in ${seconds.toFixed(1)} s`,
  );
  return EXIT_OK;
}

async function compact(hooks: KeepHooks | undefined): Promise<CompactionResult> {
  using service = await findService();
  using stop = stopSignal();
  if (service !== null) {
    const request = { call: 'compact' } as const;
    return await service.client.call<'compact'>(request, () => undefined, stop.signal);
  }
  const config = replicaConfig();
  const options = databaseOptions(config, 'ducktail compact');
  return await compactAlone(options, config.targetSchema, stop.signal, hooks);
}
