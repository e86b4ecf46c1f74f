import type { MessagePort } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { workerFile } from '../common/worker-files.js';

/** Threads that each hold a connection and run one long task. */
export class WorkerThreads {
  private constructor(private readonly piscina: Piscina) {}

  static async open(worker: 'reader' | 'binlog', count: number): Promise<WorkerThreads> {
    // Loaded only where threads are used: it would cost every sync 20 ms.
    const { Piscina } = await import('piscina');
    const piscina = new Piscina({
      filename: workerFile(worker),
      minThreads: count,
      maxThreads: count,
      // Idle workers otherwise sleep in Atomics.wait and starve their sockets.
      atomics: 'disabled',
    });
    return new WorkerThreads(piscina);
  }

  /** Resolves at the task's end; rejects when its thread broke. */
  async run(task: { readonly port: MessagePort }): Promise<void> {
    await this.piscina.run(task, { transferList: [task.port] });
  }

  /** Ends the threads, whatever they are doing. */
  destroy(): Promise<void> {
    return this.piscina.destroy();
  }
}
