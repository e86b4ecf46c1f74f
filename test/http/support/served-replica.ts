import { createHash } from 'node:crypto';
import { processMemory } from '../../../src/cli/process-memory.js';
import { createLogger } from '../../../src/common/logger.js';
import { HttpServer, type HttpServerOptions } from '../../../src/http/http-server.js';
import { QueryGovernor } from '../../../src/http/query-governor.js';
import { API_ROLES } from '../../../src/model/api-token.js';
import type { QueryLimits } from '../../../src/model/query-limits.js';
import { exportFolder, httpPlugins } from '../../../src/service/http-plugins.js';
import { openReplica } from '../../../src/service/replica.js';
import type { Database } from '../../../src/target/database.js';
import { TempFolder } from '../../helpers/temp-folder.js';

const LIMITS: QueryLimits = {
  maxConcurrent: 4,
  queueMax: 64,
  timeoutMs: 30_000,
  memoryBytes: 64e6,
  tempBytes: 1e9,
  resultBytes: 1e9,
};

/** Each role's token is called as the role. */
export const TOKENS = API_ROLES.map((role) => ({
  name: `the-${role}`,
  role,
  digest: createHash('sha256').update(role).digest(),
}));

export interface ServedOptions {
  readonly limits?: Partial<QueryLimits>;
  readonly server?: Partial<HttpServerOptions>;
  readonly memoryLimit?: string;
}

/** A replica's file with an HTTP server over it, and nothing that replicates. */
export class ServedReplica implements AsyncDisposable {
  private constructor(
    private readonly folder: TempFolder,
    readonly database: Database,
    readonly governor: QueryGovernor,
    readonly server: HttpServer,
  ) {}

  static async open(options: ServedOptions = {}): Promise<ServedReplica> {
    const folder = await TempFolder.open();
    const path = folder.file('replica.duckdb');
    const { memoryLimit = '128MB' } = options;
    const { database } = await openReplica(
      { path, memoryLimit, threads: 2, owner: 'test' },
      'main',
    );
    await database.denyFiles([exportFolder(path)]);
    const limits = { ...LIMITS, ...options.limits };
    const logger = await createLogger({ level: 'silent', format: 'json', colors: false });
    const governor = new QueryGovernor(limits, { database, memory: processMemory(), logger });
    const settings = {
      host: '127.0.0.1',
      port: 0,
      tls: null,
      tokens: TOKENS,
      rateLimit: 1_000_000,
      longestMs: limits.timeoutMs,
      version: '0.0.0',
      duckdbPath: path,
      logger,
      ...options.server,
    };
    const plugins = await httpPlugins(
      {
        database,
        targetSchema: 'main',
        governor,
        logger,
        replication: { state: 'streaming', status: () => null } as never,
        createReporter: () => undefined as never,
        state: () => 'streaming',
        keeper: undefined as never,
        watch: null,
      },
      { ...settings, enabled: true, exportFolders: [], readyMaxLagSeconds: 60, queries: limits },
    );
    const server = await HttpServer.open(settings, plugins);
    return new ServedReplica(folder, database, governor, server);
  }

  get url(): string {
    return this.server.url;
  }

  /** As the role's client. */
  post(
    path: string,
    body: unknown,
    { role = 'reader', accept }: { role?: string; accept?: string } = {},
  ): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${role}`,
        'content-type': 'application/json',
        ...(accept === undefined ? {} : { accept }),
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** The reader's own query, in JSON; throws the error's text. */
  async rows(query: string, args: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
    const reply = await this.post('/api/query', { query, args });
    const { rows, error } = (await reply.json()) as {
      rows: Record<string, unknown>[];
      error: string | null;
    };
    if (error !== null) throw new Error(`${reply.status}: ${error}`);
    return rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.governor[Symbol.asyncDispose]();
    await this.database[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}
