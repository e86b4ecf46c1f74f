import pino, { type Logger } from 'pino';

export type { Logger };

export interface LoggerOptions {
  readonly level: string;
  readonly format: 'json' | 'pretty';
  readonly colors: boolean;
}

/** Logs to stderr, synchronously: a line that was logged is out even if the process dies next. */
export async function createLogger({ level, format, colors }: LoggerOptions): Promise<Logger> {
  const stderr = pino.destination({ fd: 2, sync: true });
  if (format === 'json') return pino({ level, base: null }, stderr);
  // Loaded only where it is used: it would cost every command 20 ms.
  const { default: pretty } = await import('pino-pretty');
  const stream = pretty({
    colorize: colors,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss',
    destination: stderr,
    sync: true,
    singleLine: true,
  });
  return pino({ level, base: null }, stream);
}
