/** One line of `ducktail check`. */
export interface Finding {
  /** ok: as it should be; warning: a sync runs, with a drawback; blocker: it can't succeed. */
  readonly level: 'ok' | 'warning' | 'blocker';
  /** What was found, and what follows from it. */
  readonly what: string;
  /** What to do about it, with the exact SQL or setting where there is one; null where it is ok. */
  readonly remedy: string | null;
}

export function ok(what: string): Finding {
  return { level: 'ok', what, remedy: null };
}

export function warning(what: string, remedy: string): Finding {
  return { level: 'warning', what, remedy };
}

export function blocker(what: string, remedy: string): Finding {
  return { level: 'blocker', what, remedy };
}
