import { runReader } from '../src/source/chunk-reader.js';
import type { ReaderTask } from '../src/source/reader-protocol.js';

/** Piscina's entry for a reader thread. */
export default function reader(task: ReaderTask): Promise<void> {
  return runReader(task);
}
