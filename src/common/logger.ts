import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

export interface LoggerOptions {
  readonly level: string;
  readonly format: 'json' | 'pretty';
  readonly colors: boolean;
}

/** Logs to stderr, synchronously: a line that was logged is out even if the process dies next. */
export function createLogger({ level, format, colors }: LoggerOptions): Logger {
  const stderr = pino.destination({ fd: 2, sync: true });
  if (format === 'json') return pino({ level, base: null }, stderr);
  const stream = pretty({
    colorize: colors,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss',
    destination: stderr,
    sync: true,
  });
  return pino({ level, base: null }, stream);
}
