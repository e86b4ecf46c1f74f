import { formatXid } from '../model/xid.js';
import type { StatementReader } from './statement-reader.js';
import type { Token } from './statement-tokens.js';

export interface TransactionEffect {
  readonly kind: 'transaction';
  readonly verb:
    | 'begin'
    | 'commit'
    | 'rollback'
    | 'savepoint'
    | 'release-savepoint'
    | 'rollback-to-savepoint'
    | 'xa-start'
    | 'xa-end'
    | 'xa-prepare'
    | 'xa-commit'
    | 'xa-rollback';
  /** The savepoint, or the distributed transaction's `xidText`; null for plain verbs. */
  readonly name: string | null;
}

/** A distributed transaction's id as the server writes it: `X'7831',X'',1`. */
export function xidText(global: Uint8Array, branch: Uint8Array, format: number): string {
  return formatXid(
    Buffer.from(global).toString('hex'),
    Buffer.from(branch).toString('hex'),
    format,
  );
}

/** Begin, commit and so on; null for every other statement. */
export function transactionEffect(reader: StatementReader): TransactionEffect | null {
  if (reader.take('XA')) return xaEffect(reader);
  if (reader.take('SAVEPOINT')) return named('savepoint', reader.takeIdentifier());
  if (reader.take('RELEASE', 'SAVEPOINT')) {
    return named('release-savepoint', reader.takeIdentifier());
  }
  if (reader.take('ROLLBACK')) {
    reader.take('WORK');
    if (!reader.take('TO')) return plain('rollback');
    reader.take('SAVEPOINT');
    return named('rollback-to-savepoint', reader.takeIdentifier());
  }
  if (reader.take('COMMIT')) return plain('commit');
  if (reader.take('START', 'TRANSACTION')) return plain('begin');
  if (!reader.take('BEGIN')) return null;
  reader.take('WORK');
  // MariaDB's BEGIN NOT ATOMIC begins a program, not a transaction.
  return reader.atEnd ? plain('begin') : null;
}

function plain(verb: TransactionEffect['verb']): TransactionEffect {
  return { kind: 'transaction', verb, name: null };
}

function named(verb: TransactionEffect['verb'], name: string | null): TransactionEffect | null {
  return name === null ? null : { kind: 'transaction', verb, name };
}

const XA_VERBS: Readonly<Record<string, TransactionEffect['verb']>> = {
  START: 'xa-start',
  BEGIN: 'xa-start',
  END: 'xa-end',
  PREPARE: 'xa-prepare',
  COMMIT: 'xa-commit',
  ROLLBACK: 'xa-rollback',
};

function xaEffect(reader: StatementReader): TransactionEffect | null {
  const verb = XA_VERBS[reader.next()?.text.toUpperCase() ?? ''];
  return verb === undefined ? null : named(verb, takeXid(reader));
}

/** An id of up to three parts: the transaction, its branch and their format. */
function takeXid(reader: StatementReader): string | null {
  const global = takeBytes(reader);
  if (global === null) return null;
  let branch: Uint8Array | null = new Uint8Array(0);
  let format = 1;
  if (reader.takeSymbol(',')) branch = takeBytes(reader);
  if (branch === null) return null;
  if (reader.takeSymbol(',')) format = numberOf(reader.next());
  return Number.isSafeInteger(format) ? xidText(global, branch, format) : null;
}

function numberOf(token: Token | null): number {
  return token?.kind === 'word' ? Number(token.text) : NaN;
}

/** A string's bytes: 'text', X'hex' or 0xhex. */
function takeBytes(reader: StatementReader): Uint8Array | null {
  const isHex = reader.take('X');
  const token = reader.next();
  switch (token?.kind) {
    case 'string':
    case 'double':
      return Buffer.from(token.text, isHex ? 'hex' : 'utf8');
    case 'word':
      return /^0x(?:[0-9a-f]{2})+$/i.test(token.text)
        ? Buffer.from(token.text.slice(2), 'hex')
        : null;
    default:
      return null;
  }
}
