import type { Token } from './statement-tokens.js';

/** A table as a statement names it: in the statement's own letter case. */
export interface QualifiedName {
  readonly database: string;
  readonly name: string;
}

/** Reads a statement's tokens from the left. What `take` finds is read; else nothing is. */
export class StatementReader {
  private at = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly defaultDatabase: string,
  ) {}

  get atEnd(): boolean {
    return this.at >= this.tokens.length;
  }

  /** The unquoted word at `offset` in capitals; '' where there is none. */
  word(offset = 0): string {
    const token = this.tokens[this.at + offset];
    return token?.kind === 'word' ? token.text.toUpperCase() : '';
  }

  /** Reads these words, in capitals, if all of them follow. */
  take(...words: readonly string[]): boolean {
    if (!words.every((word, offset) => this.word(offset) === word)) return false;
    this.at += words.length;
    return true;
  }

  /** Reads one of these words, or returns ''. */
  takeOneOf(words: ReadonlySet<string>): string {
    const word = this.word();
    if (!words.has(word)) return '';
    this.at++;
    return word;
  }

  isSymbol(symbol: string, offset = 0): boolean {
    const token = this.tokens[this.at + offset];
    return token?.kind === 'symbol' && token.text === symbol;
  }

  takeSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false;
    this.at++;
    return true;
  }

  /** Reads a token of any kind, or returns null at the end. */
  next(): Token | null {
    return this.tokens[this.at++] ?? null;
  }

  /** Reads a name, quoted or not; null where there is none. */
  takeIdentifier(): string | null {
    const token = this.tokens[this.at];
    if (token === undefined || token.kind === 'symbol' || token.kind === 'string') return null;
    this.at++;
    return token.text;
  }

  /** Reads `name` or `database.name`; null where there is none. */
  takeName(): QualifiedName | null {
    const first = this.takeIdentifier();
    if (first === null) return null;
    if (!this.takeSymbol('.')) return { database: this.defaultDatabase, name: first };
    const second = this.takeIdentifier();
    return second === null ? null : { database: first, name: second };
  }

  /** Reads names with commas between them; null where one is missing. */
  takeNames(): QualifiedName[] | null {
    const names: QualifiedName[] = [];
    do {
      const name = this.takeName();
      if (name === null) return null;
      names.push(name);
    } while (this.takeSymbol(','));
    return names;
  }

  /** Reads MariaDB's limit of the wait for locks. */
  takeWait(): void {
    if (this.take('WAIT')) this.next();
    else this.take('NOWAIT');
  }

  /** The rest in parts, at the commas that stand in no parentheses. Reads all of it. */
  takeParts(): StatementReader[] {
    const parts: Token[][] = [[]];
    let depth = 0;
    for (let token = this.next(); token !== null; token = this.next()) {
      const symbol = token.kind === 'symbol' ? token.text : '';
      if (symbol === '(') depth++;
      else if (symbol === ')') depth--;
      if (symbol === ',' && depth === 0) parts.push([]);
      else parts.at(-1)!.push(token);
    }
    return parts.map((part) => new StatementReader(part, this.defaultDatabase));
  }

  /** True if the rest holds the word, quoted or not. Reads nothing. */
  mentions(word: string): boolean {
    return this.tokens.slice(this.at).some((token) => token.text.toUpperCase() === word);
  }
}
