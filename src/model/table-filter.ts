/** Which source tables take part: names or globs in which `*` stands for any characters. */
export interface TableFilter {
  /** Empty: every table. */
  readonly include: readonly string[];
  /** Wins over `include`. */
  readonly exclude: readonly string[];
}

/** Case counts, as it does for table names in MySQL on Linux. */
export function selectsTable(filter: TableFilter, table: string): boolean {
  const included =
    filter.include.length === 0 || filter.include.some((glob) => matchesGlob(glob, table));
  return included && !filter.exclude.some((glob) => matchesGlob(glob, table));
}

/**
 * What in the filter can't be meant: entries of `include` of which `exclude` leaves nothing.
 * Completes the sentence `INCLUDE_TABLES <problem>` or `EXCLUDE_TABLES <problem>`.
 */
export function contradictions(filter: TableFilter): { include: string[]; exclude: string[] } {
  const everything = filter.exclude.find((glob) => /^\*+$/.test(glob));
  if (everything !== undefined) {
    return { include: [], exclude: [`has '${everything}', which leaves no table`] };
  }
  // Seen as plain text, an include glob is matched by those that match all that it matches.
  const include = filter.include.flatMap((entry) => {
    const cover = filter.exclude.find((glob) => matchesGlob(glob, entry));
    if (cover === undefined) return [];
    return [`has '${entry}', of which '${cover}' in EXCLUDE_TABLES leaves nothing`];
  });
  return { include, exclude: [] };
}

/** `*` stands for any characters; case counts. */
export function matchesGlob(glob: string, text: string): boolean {
  const pattern = glob
    .split('*')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${pattern}$`, 'su').test(text);
}
