import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { cachedFolder, serverCacheFolder } from './cached-folder.js';
import { freePort, runSystemSql } from './ready-connection.js';
import { runCommand } from './run-command.js';
import { accountArguments } from './server-arguments.js';
import { startServerProcess, stopServerProcess } from './server-process.js';
import type { ServerProgram } from './server-program.js';
import { watchProcess } from './watchdog.js';

/** To be raised when the way a template is made changes. */
const TEMPLATE_REVISION = 1;

const ZONES = ['Europe/Berlin', 'America/New_York'];

/**
 * An empty data folder of a server that has been stopped, made once for each program, to be
 * copied for each server. root has an empty password there.
 */
export async function dataTemplate(
  program: ServerProgram,
  formatArguments: readonly string[],
  onProgress: (line: string) => void,
): Promise<string> {
  const identity = JSON.stringify([program.command, program.version, formatArguments]);
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 8);
  const name = `${program.flavour}-${program.version}-${hash}-${TEMPLATE_REVISION}`;
  return cachedFolder(path.join(serverCacheFolder(), 'templates', name), async (folder) => {
    onProgress(`preparing an empty ${program.flavour} ${program.version} data folder (once)`);
    if (program.flavour === 'mysql') await initializeMysql(program, folder, formatArguments);
    else await initializeMariadb(program, folder, formatArguments);
    await addTimeZones(program, folder, formatArguments);
    // Holds the server's identity, which must differ between copies.
    await rm(path.join(folder, 'auto.cnf'), { force: true });
  });
}

function baseCommand(program: ServerProgram, folder: string): string[] {
  return [
    ...program.command,
    '--no-defaults',
    ...program.fileArguments,
    ...accountArguments(),
    `--datadir=${folder}`,
    '--secure-file-priv=',
  ];
}

async function initializeMysql(
  program: ServerProgram,
  folder: string,
  formatArguments: readonly string[],
): Promise<void> {
  await runCommand([
    ...baseCommand(program, folder),
    '--initialize-insecure',
    // Small, as every copy would carry it; a server enlarges it when it starts.
    '--loose-innodb-redo-log-capacity=32M',
    ...formatArguments,
  ]);
}

/** What mariadb-install-db does; the script itself cannot start a server by the loader. */
async function initializeMariadb(
  program: ServerProgram,
  folder: string,
  formatArguments: readonly string[],
): Promise<void> {
  const share = program.shareFolder;
  if (!share) throw new Error('the files of the MariaDB server program were not found');
  const names = [
    ...['mysql_system_tables', 'mariadb_system_tables'],
    ...['mysql_performance_tables', 'mariadb_performance_tables'],
    ...['mysql_system_tables_data', 'mariadb_system_tables_data'],
    'maria_add_gis_sp_bootstrap',
    ...['mysql_sys_schema', 'mariadb_sys_schema'],
  ];
  const files = names.map((name) => path.join(share, `${name}.sql`)).filter(existsSync);
  if (files.length < 4) throw new Error(`the system tables are not defined in ${share}`);
  const sql = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const start = 'CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n';
  await mkdir(path.join(folder, 'mysql'), { recursive: true });
  await runCommand(
    [
      ...baseCommand(program, folder),
      ...['--bootstrap', '--log-warnings=0', '--enforce-storage-engine='],
      ...['--max-allowed-packet=8M', '--net-buffer-length=16K', '--innodb-log-file-size=8M'],
      ...formatArguments,
    ],
    { input: start + sql.join('\n') },
  );
}

/** Starts the server once and makes a few named time zones known to it, if its tool is there. */
async function addTimeZones(
  program: ServerProgram,
  folder: string,
  formatArguments: readonly string[],
): Promise<void> {
  const { zoneCommand, zoneFolder } = program;
  const zones = ZONES.filter((zone) => existsSync(path.join(zoneFolder, zone)));
  if (!zoneCommand || zones.length === 0) return;
  const sql: string[] = [];
  for (const zone of zones) {
    sql.push(await runCommand([...zoneCommand, path.join(zoneFolder, zone), zone]));
  }
  const work = await mkdtemp(path.join(os.tmpdir(), 'ducktail-'));
  const watchdog = watchProcess([work]);
  try {
    const port = await freePort();
    const url = `mysql://root@127.0.0.1:${port}`;
    const server = await startServerProcess({
      command: [
        ...baseCommand(program, folder),
        '--skip-log-bin',
        `--port=${port}`,
        '--bind-address=127.0.0.1',
        `--socket=${path.join(work, 's')}`,
        `--pid-file=${path.join(work, 'pid')}`,
        ...(program.flavour === 'mysql'
          ? ['--loose-mysqlx=OFF', '--loose-innodb-redo-log-capacity=32M']
          : ['--innodb-log-file-size=8M']),
        ...formatArguments,
      ],
      url,
      logFile: path.join(work, 'log'),
      onProcess: (pid) => watchdog.guard(pid),
    });
    await runSystemSql(url, sql.join('\n')).finally(() => stopServerProcess(server));
  } finally {
    await rm(work, { recursive: true, force: true });
    watchdog.release();
  }
}
