import { createHash, timingSafeEqual } from 'node:crypto';
import { resolve } from 'node:path';
import { type ApiRole, type ApiToken, includesRole, isLoopback } from '../model/api-token.js';
import { HttpError } from './http-error.js';

/** Who makes a request. */
export interface Client {
  /** The token's name; for the log, and to count by. */
  readonly name: string;
  readonly role: ApiRole;
}

/** Without tokens only this machine can reach the server, and may do everything. */
const LOCAL_CLIENT: Client = { name: 'local', role: 'admin' };

export interface RequestFacts {
  readonly authorization: string | undefined;
  /** The name that the client has called the server by. */
  readonly host: string;
  /** What a browser says of where the request comes from. */
  readonly fetchSite: string | undefined;
  /** The site whose page has asked, where the browser says so. */
  readonly origin: string | undefined;
}

/**
 * Finds out who makes a request; throws where nobody is known. A web page of another site has the
 * browser of someone on this machine ask: it is turned away by what the browser tells of it.
 */
export function identify(tokens: readonly ApiToken[], facts: RequestFacts): Client {
  const { authorization, host, fetchSite, origin } = facts;
  if (tokens.length > 0) return findToken(tokens, authorization);
  if (!isLoopback(hostName(host))) {
    throw new HttpError(403, `the server does not go by the name of ${JSON.stringify(host)}`, {
      hint: 'Use localhost or 127.0.0.1; other names take API_TOKENS.',
    });
  }
  const isOtherSite = fetchSite !== undefined && !['same-origin', 'none'].includes(fetchSite);
  if (isOtherSite || (origin !== undefined && !isOrigin(origin, host))) {
    throw new HttpError(403, 'pages of other sites may not use this server');
  }
  return LOCAL_CLIENT;
}

export function requireRole(client: Client, needed: ApiRole): void {
  if (includesRole(client.role, needed)) return;
  throw new HttpError(403, `this takes the role ${needed}; the token is a ${client.role}'s`);
}

/** The service has one file. What ducktape's clients name is a path with DuckDB's options behind it. */
export function requireFile(own: string, named: string | string[] | undefined): void {
  if (named === undefined) return;
  const [path] = String(named).split('?');
  if (resolve(path) === resolve(own)) return;
  throw new HttpError(400, 'X-DuckDB-Connection-String names another file than the replica', {
    hint: 'Use the path of DUCKDB_PATH, or leave the header out.',
  });
}

/** Compares with all of them, and in constant time: how long it takes says nothing of any. */
function findToken(tokens: readonly ApiToken[], authorization: string | undefined): Client {
  const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  if (given === undefined) {
    throw new HttpError(401, 'a bearer token is needed', {
      hint: 'Send the header Authorization: Bearer <token>.',
      headers: { 'www-authenticate': 'Bearer realm="ducktail"' },
    });
  }
  const digest = createHash('sha256').update(given).digest();
  const found = tokens.filter((token) => timingSafeEqual(token.digest, digest));
  if (found.length > 0) return found[0];
  throw new HttpError(401, 'the token is not known', {
    headers: { 'www-authenticate': 'Bearer realm="ducktail", error="invalid_token"' },
  });
}

/** Browsers leave the port out where it is the scheme's own. */
function isOrigin(origin: string, host: string): boolean {
  return /^https?:\/\/(.+)$/.exec(origin)?.[1].toLowerCase() === host.toLowerCase();
}

/** Without the port. */
function hostName(host: string): string {
  return host.replace(/:\d+$/, '');
}
