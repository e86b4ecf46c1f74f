import { readFileSync } from 'node:fs';
import type { MysqlEndpoint, TlsEndpoint } from '../src/model/mysql-endpoint.js';

/**
 * The parts of `mysql://user:password@host:port/database?ssl-mode=…&ssl-ca=…`. The text holds a
 * password, and one with unencoded characters can reach into any part of the URL, so no problem
 * quotes what was given before the parts are known to be well apart.
 */
export type MysqlUrlResult =
  | { readonly endpoint: MysqlEndpoint; readonly problems: readonly [] }
  | { readonly endpoint: null; readonly problems: readonly string[] };

const DEFAULT_PORT = 3306;
const SHAPE = 'it must look like mysql://user:password@host:port/database';
const URL_PARTS = /^(?:mysql|mariadb):\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?(#.*)?$/is;
const HOST_PARTS = /^(\[[0-9a-f:.]+\]|[^\s:@[\]]+)(?::(\d+))?$/i;
const TLS_MODES = ['DISABLED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'] as const;

/**
 * Reads the URL, and the CA file where it names one (relative to the working directory). Never
 * throws; problems complete the sentence `MYSQL_URL <problem>` and never hold the password.
 */
export function parseMysqlUrl(text: string): MysqlUrlResult {
  const parts = URL_PARTS.exec(text);
  if (parts === null) return failed([`is not a MySQL URL; ${SHAPE}`]);
  const [, authority = '', path = '', query = '', fragment] = parts;
  if (fragment !== undefined || `${path}?${query}`.includes('@')) {
    return failed(['has one of @ / ? # unencoded; write %40 %2F %3F %23 for them in a password']);
  }
  const at = authority.lastIndexOf('@');
  if (at < 0) return failed([`names no user; ${SHAPE}`]);
  const problems: string[] = [];
  const login = parseLogin(authority.slice(0, at), problems);
  const server = parseServer(authority.slice(at + 1), problems);
  const database = parseDatabase(path, problems);
  const tls = parseTls(query, problems);
  if (problems.length > 0) return failed(problems);
  return { endpoint: { ...server, ...login, database, tls }, problems: [] };
}

/** The endpoint as a URL for messages and logs, without the password. */
export function describeEndpoint(endpoint: MysqlEndpoint): string {
  const { user, host, port, database, tls } = endpoint;
  const shownHost = host.includes(':') ? `[${host}]` : host;
  const mode = tls === null ? '' : `?ssl-mode=${tls.mode}`;
  const encode = encodeURIComponent;
  return `mysql://${encode(user)}@${shownHost}:${port}/${encode(database)}${mode}`;
}

function failed(problems: readonly string[]): MysqlUrlResult {
  return { endpoint: null, problems };
}

function parseLogin(text: string, problems: string[]): Pick<MysqlEndpoint, 'user' | 'password'> {
  const colon = text.indexOf(':');
  const user = decode(colon < 0 ? text : text.slice(0, colon), 'user name', problems);
  const password = decode(colon < 0 ? '' : text.slice(colon + 1), 'password', problems);
  if (text === '' || colon === 0) problems.push(`names no user; ${SHAPE}`);
  return { user, password };
}

function parseServer(text: string, problems: string[]): Pick<MysqlEndpoint, 'host' | 'port'> {
  const match = HOST_PARTS.exec(text);
  const port = Number(match?.[2] ?? DEFAULT_PORT);
  if (match === null || port < 1 || port > 65_535) {
    problems.push(
      text === ''
        ? `names no host; ${SHAPE}`
        : 'has a host or port that is none: after the @ goes a name or address (IPv6 in []), ' +
            'then : and a number from 1 to 65535',
    );
  }
  return { host: decode((match?.[1] ?? '').replace(/^\[|\]$/g, ''), 'host', problems), port };
}

function parseDatabase(path: string, problems: string[]): string {
  const text = path.replace(/\/$/, '');
  if (text === '') problems.push(`names no database; ${SHAPE}`);
  if (text.includes('/')) problems.push('has more than one name in its path; write %2F for a /');
  return decode(text, 'database', problems);
}

function parseTls(query: string, problems: string[]): TlsEndpoint | null {
  const values = new Map<string, string>();
  for (const parameter of query.split('&').filter((part) => part !== '')) {
    const equals = parameter.indexOf('=');
    const name = equals < 0 ? parameter : parameter.slice(0, equals);
    if (name !== 'ssl-mode' && name !== 'ssl-ca') {
      problems.push(`has the unknown parameter '${name}'; ssl-mode and ssl-ca are known`);
    } else if (values.has(name)) {
      problems.push(`gives ${name} twice`);
    } else {
      values.set(name, decode(equals < 0 ? '' : parameter.slice(equals + 1), name, problems));
    }
  }
  const mode = parseTlsMode(values.get('ssl-mode'), problems);
  const caFile = values.get('ssl-ca');
  if (caFile !== undefined && (mode === 'DISABLED' || mode === 'REQUIRED')) {
    problems.push('has ssl-ca without ssl-mode=VERIFY_CA or VERIFY_IDENTITY, so it is never used');
  }
  const caPem = caFile === undefined ? null : readCaFile(caFile, problems);
  return mode === null || mode === 'DISABLED' ? null : { mode, caPem };
}

/** DISABLED where none is given; null after a problem. */
function parseTlsMode(
  text: string | undefined,
  problems: string[],
): (typeof TLS_MODES)[number] | null {
  if (text === undefined) return 'DISABLED';
  const mode = TLS_MODES.find((known) => known === text.toUpperCase());
  if (mode !== undefined) return mode;
  problems.push(`has ssl-mode=${text}; it must be one of ${TLS_MODES.join(', ')}`);
  return null;
}

function readCaFile(file: string, problems: string[]): string | null {
  try {
    const pem = readFileSync(file, 'utf8');
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
    problems.push(`names the ssl-ca file '${file}', which holds no PEM certificate`);
  } catch (error) {
    problems.push(`names the ssl-ca file '${file}', which can't be read: ${reason(error)}`);
  }
  return null;
}

function reason(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'there is no such file' : String(code);
}

function decode(text: string, what: string, problems: string[]): string {
  try {
    return decodeURIComponent(text);
  } catch {
    problems.push(`has a % in its ${what} that encodes nothing; write %25 for a %`);
    return '';
  }
}
