/** Where the source is and how to log in; from `MYSQL_URL`. Plain data: it goes to reader threads. */
export interface MysqlEndpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: TlsEndpoint | null;
}

export interface TlsEndpoint {
  /** REQUIRED: encrypted; VERIFY_CA: and signed by a known CA; VERIFY_IDENTITY: and for this host. */
  readonly mode: 'REQUIRED' | 'VERIFY_CA' | 'VERIFY_IDENTITY';
  /** PEM text of the CA certificates, null for the system's. */
  readonly caPem: string | null;
}
