import { runBinlogReader } from '../src/source/binlog/binlog-reader.js';
import type { BinlogTask } from '../src/source/binlog-protocol.js';

/** Piscina's entry for the binlog thread. */
export default function binlog(task: BinlogTask): Promise<void> {
  return runBinlogReader(task);
}
