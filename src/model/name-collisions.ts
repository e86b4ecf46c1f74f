/**
 * Groups of names that DuckDB takes for one: it ignores the case of A to Z, and of no other letter.
 * Each group has two names or more, in one order however they were given.
 */
export function nameCollisions(names: readonly string[]): string[][] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const folded = name.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
    const group = groups.get(folded);
    if (group === undefined) groups.set(folded, [name]);
    else group.push(name);
  }
  return [...groups.values()].filter((group) => group.length > 1).map((group) => group.sort());
}
