/**
 * The replica's columns compare texts byte for byte; the source compares them as their collations
 * say, and a child may so be written otherwise than its parent. What is compared here instead: the
 * text without the differences that the collation disregards, as its name tells them. Letters of
 * which a collation has a rule of its own (ß and ss) are told apart.
 */
export function textForm(column: string, collation: string | null): string {
  if (collation === null || collation === 'binary') return column;
  const padded = ignoresTrailingSpaces(collation) ? `rtrim(${column}, ' ')` : column;
  if (!collation.endsWith('_ci')) return padded;
  return collation.includes('_as_') ? `lower(${padded})` : `lower(strip_accents(${padded}))`;
}

/** Of MySQL's collations those of version 9.0.0 of Unicode don't pad, of MariaDB's those that say so. */
function ignoresTrailingSpaces(collation: string): boolean {
  return !/_0900_|nopad/.test(collation);
}
