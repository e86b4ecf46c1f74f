/**
 * A statement's text in pieces, as MySQL and MariaDB tell them apart; comments are left out.
 *
 * Text alone does not say everything: the sql_mode decides whether a backslash escapes, and only
 * MariaDB executes what stands in a comment that begins with "M!". So a statement may have more
 * than one reading. What stands in comments that begin with "!" was executed: servers disarm those
 * that are meant for newer ones before they log a statement.
 */

export interface Token {
  /** `quoted` is a name in backticks, `double` a name or a string, by the sql_mode. */
  readonly kind: 'word' | 'quoted' | 'double' | 'string' | 'symbol';
  /** What the quotes mean, without them; words and symbols as they are written. */
  readonly text: string;
}

interface Reading {
  readonly backslashEscapes: boolean;
  readonly mariaDbComments: boolean;
}

const BLANK = /[ \t\n\v\f\r]+|#[^\n]*|--(?=[\0- ]|$)[^\n]*/y;
const COMMENT = /\/\*[^]*?\*\//y;
const EXECUTED_COMMENT = /\/\*(M?)!(?:\d{5,6})?/y;
const WORD = /(?:[A-Za-z0-9_$]|[^\0-\x7f])+/y;

/** The tokens under every reading that the text allows; none if it is no text of a statement. */
export function readStatement(statement: string): Token[][] {
  const readings: Reading[] = [{ backslashEscapes: true, mariaDbComments: true }];
  if (statement.includes('\\')) readings.push({ backslashEscapes: false, mariaDbComments: true });
  if (statement.includes('/*M!')) {
    readings.push(...readings.map((reading) => ({ ...reading, mariaDbComments: false })));
  }
  return readings
    .map((reading) => new Tokenizer(statement, reading).read())
    .filter((tokens) => tokens !== null);
}

class Tokenizer {
  private readonly tokens: Token[] = [];
  private at = 0;
  /** Executed comments that are open. */
  private openComments = 0;

  constructor(
    private readonly text: string,
    private readonly reading: Reading,
  ) {}

  /** Null where a quote or a comment has no end. */
  read(): Token[] | null {
    while (this.at < this.text.length) {
      if (this.match(BLANK) !== null || this.skipComment()) continue;
      const word = this.match(WORD);
      if (word !== null) this.add('word', word[0]);
      else if (!this.readQuoted()) return null;
    }
    return this.openComments === 0 ? this.tokens : null;
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }

  private add(kind: Token['kind'], text: string): void {
    this.tokens.push({ kind, text });
  }

  private skipComment(): boolean {
    if (this.openComments > 0 && this.text.startsWith('*/', this.at)) {
      this.openComments--;
      this.at += 2;
      return true;
    }
    const start = this.at;
    const executed = this.match(EXECUTED_COMMENT);
    if (executed !== null && (executed[1] === '' || this.reading.mariaDbComments)) {
      this.openComments++;
      return true;
    }
    this.at = start;
    return this.match(COMMENT) !== null;
  }

  /** A quoted piece or a symbol; false where a quote has no end. */
  private readQuoted(): boolean {
    const quote = this.text[this.at++];
    if (quote !== '`' && quote !== '"' && quote !== "'") {
      if (quote === '/' && this.text[this.at] === '*') return false;
      this.add('symbol', quote);
      return true;
    }
    let value = '';
    for (;;) {
      const char = this.text[this.at++];
      if (char === undefined) return false;
      if (char === quote) {
        if (this.text[this.at] !== quote) break;
        this.at++;
      } else if (char === '\\' && quote !== '`' && this.reading.backslashEscapes) {
        value += unescape(this.text[this.at++] ?? '');
        continue;
      }
      value += char;
    }
    this.add(quote === '`' ? 'quoted' : quote === '"' ? 'double' : 'string', value);
    return true;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\x1a',
};

function unescape(char: string): string {
  return ESCAPES[char] ?? char;
}
