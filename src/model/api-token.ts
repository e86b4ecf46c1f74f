/** What a client of the HTTP server may do; each role may do what those before it may. */
export const API_ROLES = ['reader', 'writer', 'admin'] as const;

export type ApiRole = (typeof API_ROLES)[number];

/** A bearer token as the configuration has it: never the token itself. */
export interface ApiToken {
  readonly name: string;
  readonly role: ApiRole;
  /** SHA-256 of the token. */
  readonly digest: Uint8Array;
}

export function includesRole(role: ApiRole, needed: ApiRole): boolean {
  return API_ROLES.indexOf(role) >= API_ROLES.indexOf(needed);
}

/** Whether the name or address is this machine's own, that no other one reaches. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || name === '::1' || /^127\.\d+\.\d+\.\d+$/.test(name);
}
