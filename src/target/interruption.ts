const INTERVAL_MS = 50;

/** Again and again, because an interrupt that comes between two steps is forgotten. */
export function interruptOnAbort(
  connection: { interrupt(): void },
  signal: AbortSignal,
): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    connection.interrupt();
    timer = setInterval(() => {
      connection.interrupt();
    }, INTERVAL_MS);
  };
  // The signal may have been aborted while the connection was opened.
  if (signal.aborted) interrupt();
  else signal.addEventListener('abort', interrupt, { once: true });
  return {
    [Symbol.dispose]() {
      signal.removeEventListener('abort', interrupt);
      clearInterval(timer);
    },
  };
}
