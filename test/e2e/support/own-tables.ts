import assert from 'node:assert/strict';
import { TOTAL_BALANCE } from './transfers.js';

const ROWS = 200;

interface Client {
  readonly name: number;
  rounds: number;
}

/**
 * Clients over HTTP who append to tables of their own, change them and read, one request after the
 * other, until they are stopped. No request of theirs may fail.
 */
export class OwnTables implements AsyncDisposable {
  private isStopped = false;
  private readonly work: Promise<unknown>;
  private readonly appenders: Client[] = [];
  private readonly writers: Client[] = [];
  private reads = 0;

  private constructor(
    private readonly url: string,
    counts: { appenders: number; writers: number; readers: number },
  ) {
    const clients = (count: number): Client[] =>
      Array.from({ length: count }, (_, name) => ({ name, rounds: 0 }));
    this.appenders = clients(counts.appenders);
    this.writers = clients(counts.writers);
    this.work = Promise.all([
      ...this.appenders.map((client) => this.repeat(() => this.append(client))),
      ...this.writers.map((client) => this.repeat(() => this.write(client))),
      ...clients(counts.readers).map(() => this.repeat(() => this.read())),
    ]);
    this.work.catch(() => undefined);
  }

  static async start(
    url: string,
    counts = { appenders: 3, writers: 2, readers: 3 },
  ): Promise<OwnTables> {
    await execute(url, [
      'CREATE SCHEMA mine',
      'CREATE TABLE mine.events (client INTEGER, round INTEGER, n INTEGER)',
      'CREATE TABLE mine.log (client INTEGER, round INTEGER)',
      'CREATE TABLE mine.total (n INTEGER)',
      'INSERT INTO mine.total VALUES (0)',
    ]);
    return new OwnTables(url, counts);
  }

  /** Requests that were answered. */
  get answered(): number {
    return this.appended + this.written + this.reads;
  }

  private get appended(): number {
    return this.appenders.reduce((sum, { rounds }) => sum + rounds, 0);
  }

  private get written(): number {
    return this.writers.reduce((sum, { rounds }) => sum + rounds, 0);
  }

  /** Resolves to what the tables have to hold; throws what a request failed with. */
  async stop(): Promise<readonly string[]> {
    this.isStopped = true;
    await this.work;
    return [String(this.appended * ROWS), String(this.written), String(this.written)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isStopped = true;
    await this.work.catch(() => undefined);
  }

  private async repeat(work: () => Promise<void>): Promise<void> {
    while (!this.isStopped) await work();
  }

  private async append(client: Client): Promise<void> {
    const { name, rounds } = client;
    const lines = Array.from({ length: ROWS }, (_, n) => `[${name},${rounds},${n}]\n`);
    const reply = await fetch(`${this.url}/api/append/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', 'x-duckdb-schema': 'mine' },
      body: lines.join(''),
    });
    assert.deepEqual(await reply.json(), { rowsAppended: ROWS, error: null });
    client.rounds++;
  }

  private async write(client: Client): Promise<void> {
    const { name, rounds } = client;
    await execute(this.url, [
      `INSERT INTO mine.log VALUES (${name}, ${rounds})`,
      'UPDATE mine.total SET n = n + 1',
    ]);
    client.rounds++;
  }

  private async read(): Promise<void> {
    const { rows } = await post<{ rows: unknown[] }>(`${this.url}/api/query`, {
      query: `SELECT ${INVARIANTS}`,
    });
    assert.deepEqual(rows, [{ balance: String(TOTAL_BALANCE), parts: '0', apart: '0' }]);
    this.reads++;
  }
}

/** What is so between any two transactions. */
const INVARIANTS = `
  ((SELECT sum(balance) FROM left_accounts) + (SELECT sum(balance) FROM right_accounts))::VARCHAR
    AS balance,
  (SELECT count(*) FROM (SELECT 1 FROM mine.events GROUP BY client, round
                          HAVING count(*) <> ${ROWS} OR count(DISTINCT n) <> ${ROWS}))::VARCHAR
    AS parts,
  (SELECT (SELECT n FROM mine.total) - count(*) FROM mine.log)::VARCHAR AS apart`;

interface Texts {
  texts(sql: string): Promise<unknown[]>;
}

/** Fails unless a file that nobody writes holds whole requests; resolves to what its tables hold. */
export async function ownRows(replica: Texts): Promise<unknown> {
  assert.deepEqual(await replica.texts(`SELECT ${INVARIANTS}`), [
    [String(TOTAL_BALANCE), '0', '0'],
  ]);
  const [row] = await replica.texts(
    `SELECT (SELECT count(*) FROM mine.events)::VARCHAR, (SELECT count(*) FROM mine.log)::VARCHAR,
            (SELECT n FROM mine.total)::VARCHAR`,
  );
  return row;
}

/** Carries statements out as one transaction; fails where they are refused. */
export async function execute(url: string, statements: readonly string[]): Promise<void> {
  await post(`${url}/api/execute`, { statements: statements.map((query) => ({ query })) });
}

async function post<Answer>(url: string, document: unknown): Promise<Answer> {
  const reply = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(document),
  });
  const answer = (await reply.json()) as Answer & { error: string | null };
  assert.deepEqual([reply.status, answer.error], [200, null]);
  return answer;
}
