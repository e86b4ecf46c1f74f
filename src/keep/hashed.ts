import { createHash } from 'node:crypto';
import type { ManifestFile } from './manifest.js';

/** Lets bytes through and tells at their end what they were. */
export class Hashed {
  private readonly hash = createHash('sha256');
  private bytes = 0;

  async *of(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of content) {
      this.hash.update(chunk);
      this.bytes += chunk.length;
      yield chunk;
    }
  }

  /** Of all that has gone through. Once. */
  describe(name: string): ManifestFile {
    return { name, bytes: this.bytes, sha256: this.hash.digest('hex') };
  }
}
