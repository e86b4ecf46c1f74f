/** What a PromQL expression asks for. */
export interface Expression {
  readonly metrics: readonly { readonly name: string; readonly matched: readonly string[] }[];
  /** Labels of `by`, `without`, `on` and the like. */
  readonly grouping: readonly string[];
}

/** Words that are no metrics. */
const WORDS = new Set(
  `sum max min avg count absent rate increase delta histogram_quantile time clamp_min
   and or unless offset bool`.split(/\s+/),
);

const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;
const SELECTOR = /([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\})?/g;
const MATCHER = /(\w+)\s*(?:=~|!~|!=|=)\s*$/;

/** Throws at a word that is neither a metric by its form nor known. */
export function readExpression(text: string): Expression {
  const grouping = [...text.matchAll(GROUPING)].flatMap(([, list]) =>
    list.split(',').map((label) => label.trim()),
  );
  const bare = text
    .replaceAll(GROUPING, ' ')
    // Ranges, such as [5m], and numbers, such as 1e9.
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/\b\d[\w.]*/g, ' ');
  const metrics = [...bare.matchAll(SELECTOR)].flatMap(([, name, matchers = '']) => {
    if (WORDS.has(name)) return [];
    if (!/^(ducktail|process|nodejs)_/.test(name)) throw new Error(`${name} in ${text}`);
    return [{ name, matched: labelsOf(matchers) }];
  });
  return { metrics, grouping };
}

function labelsOf(matchers: string): string[] {
  return matchers.split(/"[^"]*"\s*,?/).flatMap((part) => MATCHER.exec(part.trim())?.[1] ?? []);
}
