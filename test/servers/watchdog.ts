import { spawn } from 'node:child_process';

/**
 * The script reads which process to end from a pipe. However this process ends, be it by SIGKILL,
 * the system closes the pipe, and then the script does what is left to do. `kill -0` succeeds for
 * a zombie, so the wait for the process is bounded.
 */
const PROCESS_SCRIPT = `
pid=
while read -r line; do
  [ "$line" = released ] && exit 0
  pid=$line
done
if [ -n "$pid" ]; then
  kill -KILL "$pid" 2>/dev/null
  for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
fi
for path in "$@"; do rm -rf "$path"; done
`;

const CONTAINER_SCRIPT = `
read -r line && exit 0
docker rm -f -v "$1" >/dev/null 2>&1
`;

export interface Watchdog {
  /** Names the process to be killed when this process ends; undefined for none. */
  guard(pid: number | undefined): void;
  /** To be called when nothing is left to clean up. */
  release(): void;
}

/** Kills the guarded process and removes `paths` should this process end before `release`. */
export function watchProcess(paths: readonly string[]): Watchdog {
  return startScript(PROCESS_SCRIPT, paths);
}

/** Removes the container should this process end before `release`. */
export function watchContainer(id: string): Pick<Watchdog, 'release'> {
  return startScript(CONTAINER_SCRIPT, [id]);
}

function startScript(script: string, values: readonly string[]): Watchdog {
  // Detached: the Ctrl-C that ends this process must not end its watchdog.
  const child = spawn('/bin/sh', ['-c', script, 'ducktail-watchdog', ...values], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  child.unref();
  const { stdin } = child;
  // A pipe is a socket here; it must not keep this process alive.
  (stdin as unknown as { unref(): void }).unref();
  stdin.on('error', () => undefined);
  child.on('error', () => undefined);
  return {
    guard: (pid) => void stdin.write(`${pid ?? ''}\n`),
    release: () => void stdin.end('released\n'),
  };
}
