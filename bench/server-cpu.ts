import { readFile } from 'node:fs/promises';
import mysql, { type RowDataPacket } from 'mysql2/promise';

/** Linux counts CPU time in hundredths of a second, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;

/** The CPU time of the server's process, where this machine tells it. */
export class ServerCpu {
  private constructor(private readonly statFile: string | null) {}

  /** `isPrivate`: the server runs on this machine and outside of a container. */
  static async of(serverUrl: string, isPrivate: boolean): Promise<ServerCpu> {
    if (!isPrivate || process.platform !== 'linux') return new ServerCpu(null);
    const connection = await mysql.createConnection({ uri: serverUrl });
    try {
      const [rows] = await connection.query<RowDataPacket[]>('SELECT @@pid_file AS file');
      const pid = Number.parseInt(await readFile(String(rows[0].file), 'utf8'), 10);
      return new ServerCpu(`/proc/${pid}/stat`);
    } finally {
      await connection.end();
    }
  }

  /** Since the server's start; null where it can't be seen. */
  async seconds(): Promise<number | null> {
    if (this.statFile === null) return null;
    const text = await readFile(this.statFile, 'utf8');
    // The second field is the program's name in brackets, which may hold blanks.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }
}
