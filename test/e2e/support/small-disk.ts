import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, open, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** Ways to a mount namespace of one's own: for root, and where the kernel lets others. */
const WAYS = [
  { unshare: ['--mount'], nsenter: ['--mount'] },
  {
    unshare: ['--user', '--map-root-user', '--mount'],
    nsenter: ['--user', '--preserve-credentials', '--mount'],
  },
];

/** Mounts and then resizes as told by lines of stdin; the mount ends with the shell. */
const SCRIPT = `
  mount -t tmpfs -o "size=$1m" tmpfs "$2" || exit 1
  echo mounted
  while read -r size; do mount -o "remount,size=\${size}m" "$2" && echo resized; done
`;

type Shell = ChildProcessByStdio<Writable, Readable, null>;

/** A file system in memory that holds a few megabytes, seen by processes of its launcher only. */
export class SmallDisk implements AsyncDisposable {
  private constructor(
    private readonly shell: Shell,
    /** Where those processes have it. */
    readonly folder: string,
    /** The command that runs another one as such a process. */
    readonly launcher: readonly string[],
  ) {}

  /** Null where this machine lets nobody mount. */
  static async open(megabytes: number): Promise<SmallDisk | null> {
    if (process.platform !== 'linux') return null;
    const folder = await mkdtemp(path.join(tmpdir(), 'ducktail-disk-'));
    for (const { unshare, nsenter } of WAYS) {
      const mount = ['sh', '-c', SCRIPT, 'sh', String(megabytes), folder];
      const shell = spawn('unshare', [...unshare, ...mount], { stdio: ['pipe', 'pipe', 'ignore'] });
      shell.on('error', () => undefined);
      shell.stdin.on('error', () => undefined);
      const launcher = ['nsenter', `--target=${shell.pid}`, ...nsenter];
      if (await hasSpoken(shell)) return new SmallDisk(shell, folder, launcher);
    }
    await rmdir(folder);
    return null;
  }

  file(name: string): string {
    return path.join(this.folder, name);
  }

  /** Copies what is on it to a folder that everybody sees. */
  async copyTo(folder: string): Promise<void> {
    await cp(`/proc/${this.shell.pid}/root${this.folder}`, folder, { recursive: true });
  }

  /** Leaves no byte free. */
  async fill(): Promise<void> {
    const filler = await open(`/proc/${this.shell.pid}/root${this.file('filler')}`, 'w');
    try {
      for (;;) await filler.write(Buffer.alloc(4096, 1));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      await filler.close();
    }
  }

  async resize(megabytes: number): Promise<void> {
    this.shell.stdin.write(`${megabytes}\n`);
    if (!(await hasSpoken(this.shell))) throw new Error('the disk could not be resized');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.shell, 'exit');
    this.shell.stdin.end();
    await ended;
    await rmdir(this.folder);
  }
}

/** True for a line on stdout, false for an end without one. */
function hasSpoken(shell: Shell): Promise<boolean> {
  return Promise.race([
    once(shell.stdout, 'data').then(() => true),
    once(shell, 'close').then(() => false),
  ]);
}
