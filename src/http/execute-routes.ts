import { Turns } from '../common/turns.js';
import { ProtectedTables } from '../state/protected-tables.js';
import { type ClientStatement, ClientTransaction } from '../target/client-transaction.js';
import type { Database } from '../target/database.js';
import type { HttpPlugin } from './http-server.js';
import type { QueryGovernor } from './query-governor.js';
import { statementSchema } from './schemas.js';

export interface ChangedReplica {
  readonly database: Database;
  readonly governor: QueryGovernor;
}

interface ExecuteBody {
  readonly statements: readonly ClientStatement[];
}

const MAX_STATEMENTS = 10_000;

/** `/api/execute`: a transaction on tables that are not replicated. */
export function executeRoutes({ database, governor }: ChangedReplica): HttpPlugin {
  // Side by side two of them could be in each other's way.
  const turns = new Turns(1);
  return (app) => {
    app.post<{ Body: ExecuteBody }>(
      '/api/execute',
      {
        config: { role: 'writer' },
        schema: {
          summary: 'Carries statements out as one transaction',
          description:
            'DDL and DML on tables that are not replicated. Which table a statement changes has ' +
            'to be plain to see: it begins with INSERT INTO, UPDATE, DELETE FROM, MERGE INTO or ' +
            'TRUNCATE and the name.',
          body: {
            type: 'object',
            required: ['statements'],
            additionalProperties: false,
            properties: {
              statements: {
                type: 'array',
                minItems: 1,
                maxItems: MAX_STATEMENTS,
                items: statementSchema,
              },
            },
          },
          response: {
            200: {
              description: 'All of them were carried out',
              type: 'object',
              properties: {
                rowsAffected: { type: 'integer' },
                error: { type: 'null' },
              },
            },
          },
        },
      },
      async ({ body, ended }) => {
        const execute = (signal: AbortSignal): Promise<number> =>
          ClientTransaction.run(
            database,
            body.statements,
            (query) => ProtectedTables.read(query),
            signal,
          );
        const text = body.statements.map(({ query }) => query).join('; ');
        const rowsAffected = await turns.run(ended, () =>
          database.clientWriters.run(ended, () => governor.run({ text }, ended, execute)),
        );
        return { rowsAffected, error: null };
      },
    );
  };
}
