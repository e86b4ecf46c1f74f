import { formatXid } from '../../model/xid.js';

/** What a QUERY event is about. Every statement that is no transaction keyword is `other`. */
export type StatementKind =
  | { readonly kind: 'begin' | 'commit' | 'rollback' | 'nothing' | 'other' }
  | { readonly kind: 'savepoint' | 'rollback-to'; readonly name: string }
  | { readonly kind: 'xa-start' | 'xa-commit' | 'xa-rollback'; readonly xid: string };

const BEGIN: StatementKind = { kind: 'begin' };
const COMMIT: StatementKind = { kind: 'commit' };
const ROLLBACK: StatementKind = { kind: 'rollback' };
const OTHER: StatementKind = { kind: 'other' };

const LEADING_COMMENTS = /^(?:\s+|\/\*(?!!)[\s\S]*?\*\/|(?:--[\s]|#)[^\n]*(?:\n|$))+/;
const TRANSACTION_WORD = /^(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE\s+SAVEPOINT|XA)\b/i;
const BEGIN_TRANSACTION = /^BEGIN\b(?!(?:\s|\/\*[\s\S]*?\*\/|(?:--[\s]|#)[^\n]*\n)*NOT\b)/i;
const NAME = '(`(?:[^`]|``)+`|[^\\s`;]+)';
const SAVEPOINT = new RegExp(`^SAVEPOINT\\s+${NAME}`, 'i');
const ROLLBACK_TO = new RegExp(`^ROLLBACK\\s+(?:WORK\\s+)?TO\\s+(?:SAVEPOINT\\s+)?${NAME}`, 'i');
const XA = /^XA\s+(START|COMMIT|ROLLBACK)\s+X'([0-9a-f]*)'\s*,\s*X'([0-9a-f]*)'\s*,\s*(\d+)/i;

const XA_KINDS: Readonly<Record<string, 'xa-start' | 'xa-commit' | 'xa-rollback'>> = {
  START: 'xa-start',
  COMMIT: 'xa-commit',
  ROLLBACK: 'xa-rollback',
};

/** Servers write most of these statements themselves; MariaDB gives some in the client's words. */
export function classifyStatement(text: string): StatementKind {
  if (text === 'BEGIN') return BEGIN;
  if (text === 'COMMIT') return COMMIT;
  const bare = text.replace(LEADING_COMMENTS, '');
  if (!TRANSACTION_WORD.test(bare)) return OTHER;
  const savepoint = SAVEPOINT.exec(bare);
  if (savepoint !== null) return { kind: 'savepoint', name: savepointName(savepoint[1]) };
  const rollbackTo = ROLLBACK_TO.exec(bare);
  if (rollbackTo !== null) return { kind: 'rollback-to', name: savepointName(rollbackTo[1]) };
  const xa = XA.exec(bare);
  if (xa !== null) {
    const [, word, global, branch, format] = xa;
    return { kind: XA_KINDS[word.toUpperCase()], xid: formatXid(global, branch, format) };
  }
  if (/^(?:XA\s+END|RELEASE)\b/i.test(bare)) return { kind: 'nothing' };
  // MariaDB's BEGIN NOT ATOMIC begins a program, not a transaction.
  if (BEGIN_TRANSACTION.test(bare)) return BEGIN;
  if (/^COMMIT\b/i.test(bare)) return COMMIT;
  if (/^ROLLBACK\b/i.test(bare)) return ROLLBACK;
  return OTHER;
}

/** Names of savepoints don't differ by case. */
function savepointName(text: string): string {
  const bare = text.startsWith('`') ? text.slice(1, -1).replaceAll('``', '`') : text;
  return bare.toLowerCase();
}
