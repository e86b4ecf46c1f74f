import { existsSync, realpathSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { unpackedPackages } from './debian-packages.js';
import { runCommand } from './run-command.js';
import type { Flavour } from './test-server.js';

/** A server program on this machine and the files that belong to it. */
export interface ServerProgram {
  readonly flavour: Flavour;
  readonly origin: 'path' | 'debian-packages';
  readonly version: string;
  /** Starts the program; further arguments are appended. */
  readonly command: readonly string[];
  /** Tell the program where its own files are, if it would not find them. */
  readonly fileArguments: readonly string[];
  /** Folder of the SQL files and messages that come with the program. */
  readonly shareFolder: string | undefined;
  /** Turns a zoneinfo file into SQL. */
  readonly zoneCommand: readonly string[] | undefined;
  readonly zoneFolder: string;
}

const SYSTEM_ZONES = '/usr/share/zoneinfo';
const FURTHER_FOLDERS = ['/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'];
const NAMES: Record<Flavour, readonly string[]> = {
  mysql: ['mysqld'],
  mariadb: ['mariadbd', 'mysqld'],
};
const ZONE_PROGRAMS: Record<Flavour, readonly string[]> = {
  mysql: ['mysql_tzinfo_to_sql'],
  mariadb: ['mariadb-tzinfo-to-sql', 'mysql_tzinfo_to_sql'],
};

/** A server installed on this machine; throws if there is none. */
export async function installedProgram(flavour: Flavour): Promise<ServerProgram> {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), ...FURTHER_FOLDERS];
  for (const name of NAMES[flavour]) {
    for (const folder of folders) {
      const file = path.join(folder, name);
      if (!folder || !existsSync(file)) continue;
      const version = await versionOf([file], flavour).catch(() => undefined);
      if (version === undefined) continue;
      const base = path.dirname(path.dirname(realpathSync(file)));
      const zoneFile = firstExisting(
        ZONE_PROGRAMS[flavour].flatMap((zone) =>
          ['/usr/bin', path.join(base, 'bin')].map((bin) => path.join(bin, zone)),
        ),
      );
      return {
        flavour,
        origin: 'path',
        version,
        command: [file],
        fileArguments: [],
        shareFolder: shareFolder(base),
        zoneCommand: zoneFile ? [zoneFile] : undefined,
        zoneFolder: SYSTEM_ZONES,
      };
    }
  }
  throw new Error(`no ${flavour} server program found`);
}

/**
 * The distribution's server, unpacked into the cache. It runs with the libraries unpacked beside
 * it, by their own loader, because those of the system may be missing or older.
 */
export async function packagedProgram(
  flavour: Flavour,
  onProgress: (line: string) => void,
): Promise<ServerProgram> {
  const root = await unpackedPackages(flavour, onProgress);
  const base = path.join(root, 'usr');
  const launcher = await loaderCommand(root);
  const name = NAMES[flavour][0] ?? '';
  const command = [...launcher, path.join(base, 'sbin', name)];
  const share = shareFolder(base) ?? path.join(base, 'share/mysql');
  const pluginFolder = path.join(base, 'lib/mysql/plugin');
  const zoneFile = firstExisting(
    ZONE_PROGRAMS[flavour].map((zone) => path.join(base, 'bin', zone)),
  );
  const ownZones = path.join(base, 'share/zoneinfo');
  return {
    flavour,
    origin: 'debian-packages',
    version: await versionOf(command, flavour),
    command,
    fileArguments: [
      `--basedir=${base}`,
      `--lc-messages-dir=${share}`,
      `--character-sets-dir=${path.join(share, 'charsets')}`,
      ...(existsSync(pluginFolder) ? [`--plugin-dir=${pluginFolder}`] : []),
    ],
    shareFolder: share,
    zoneCommand: zoneFile ? [...launcher, zoneFile] : undefined,
    zoneFolder: existsSync(ownZones) ? ownZones : SYSTEM_ZONES,
  };
}

/** Throws if the program is of the other flavour: MariaDB's may be named `mysqld` as well. */
async function versionOf(command: readonly string[], flavour: Flavour): Promise<string> {
  const told = await runCommand([...command, '--no-defaults', '--version'], { timeoutMs: 20_000 });
  const version = /Ver (\d+\.\d+[\w.+~-]*)/.exec(told)?.[1];
  if (version === undefined || /mariadb/i.test(told) !== (flavour === 'mariadb')) {
    throw new Error(`${command.at(-1)} is no ${flavour} server: ${told.trim()}`);
  }
  return version;
}

function shareFolder(base: string): string | undefined {
  return firstExisting(['share/mysql', 'share/mariadb', 'share'].map((f) => path.join(base, f)));
}

function firstExisting(files: readonly string[]): string | undefined {
  return files.find((file) => existsSync(file));
}

/** Loader and library folders of the unpacked packages, whatever the processor. */
async function loaderCommand(root: string): Promise<string[]> {
  const folders: string[] = [];
  let loader: string | undefined;
  for (const parent of ['usr/lib', 'lib']) {
    const names = await readdir(path.join(root, parent)).catch(() => []);
    for (const name of names.filter((candidate) => candidate.includes('-linux-'))) {
      const folder = path.join(root, parent, name);
      folders.push(folder);
      const found = (await readdir(folder)).find((file) => /^ld(-linux.*|64)\.so\.\d+$/.test(file));
      if (found && !loader) loader = path.join(folder, found);
    }
  }
  if (!loader) throw new Error(`no loader among the packages unpacked into ${root}`);
  return [loader, '--library-path', folders.join(':')];
}
