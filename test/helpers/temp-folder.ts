import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder of the test's own, removed with all that is in it at the end. */
export class TempFolder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async open(): Promise<TempFolder> {
    return new TempFolder(await mkdtemp(path.join(tmpdir(), 'ducktail-test-')));
  }

  file(name: string): string {
    return path.join(this.path, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
