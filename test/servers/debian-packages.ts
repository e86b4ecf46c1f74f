import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cachedFolder, serverCacheFolder } from './cached-folder.js';
import { runCommand } from './run-command.js';
import type { Flavour } from './test-server.js';

interface PackageChoice {
  /** The first of these that a suite offers is taken, with what it depends on. */
  readonly server: RegExp;
  readonly client: RegExp;
  /** Single packages needed for a program in them, not for what they depend on. */
  readonly alone: readonly string[];
}

const PACKAGES: Record<Flavour, PackageChoice> = {
  mysql: {
    server: /^mysql-server-core(-\d+\.\d+)?$/,
    client: /^mysql-client-core(-\d+\.\d+)?$/,
    alone: [],
  },
  mariadb: {
    server: /^mariadb-server-core(-\d+\.\d+)?$/,
    client: /^mariadb-client-core(-\d+\.\d+)?$/,
    // Holds mariadb-tzinfo-to-sql.
    alone: ['mariadb-client'],
  },
};

const KEYRINGS = [
  '/usr/share/keyrings/debian-archive-keyring.gpg',
  '/usr/share/keyrings/debian-archive-keyring.pgp',
  '/usr/share/keyrings/ubuntu-archive-keyring.gpg',
];

/** Packages that only the servers' helper scripts need. */
const UNNEEDED = /^(perl|libperl|debconf|gcc-)/;

/**
 * The distribution's own server packages with all that they depend on, unpacked into the cache
 * without installing anything: needs neither root nor the system's own libraries. Returns the
 * folder that stands for `/`.
 */
export async function unpackedPackages(
  flavour: Flavour,
  onProgress: (line: string) => void,
): Promise<string> {
  const folder = path.join(serverCacheFolder(), flavour);
  return cachedFolder(folder, async (root) => {
    if (process.platform !== 'linux') throw new Error('this system has no Debian packages');
    onProgress(`fetching the ${flavour} packages of the distribution (once)`);
    const work = `${root}.apt`;
    try {
      const archives = await downloadPackages(flavour, work);
      onProgress(`unpacking ${archives.length} packages`);
      for (const archive of archives) await runCommand(['dpkg-deb', '-x', archive, root]);
      for (const name of ['doc', 'man', 'locale', 'lintian']) {
        await rm(path.join(root, 'usr/share', name), { recursive: true, force: true });
      }
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
}

/** Downloads into `work` and returns the package files. */
async function downloadPackages(flavour: Flavour, work: string): Promise<string[]> {
  const apt = await aptWithOwnState(work, await sourceLines(flavour, work));
  await runCommand([...apt('apt-get'), 'update']);
  const offered = (await runCommand([...apt('apt-cache'), 'pkgnames'])).split('\n');
  const wanted = [PACKAGES[flavour].server, PACKAGES[flavour].client].map(
    (pattern) =>
      // The highest version where the names carry one.
      offered.filter((name) => pattern.test(name)).sort((a, b) => b.localeCompare(a, 'en'))[0],
  );
  const names = wanted.filter((name) => name !== undefined);
  if (names.length < wanted.length) {
    throw new Error(`the distribution has no package like ${PACKAGES[flavour].server.source}`);
  }
  await runCommand([
    ...apt('apt-get'),
    ...['install', '--download-only', '-y', '-q', ...names, 'tzdata'],
  ]);
  const archives = path.join(work, 'cache/archives');
  for (const name of PACKAGES[flavour].alone) {
    await runCommand([...apt('apt-get'), 'download', '-q', name], { folder: archives });
  }
  const files = (await readdir(archives)).filter((name) => name.endsWith('.deb'));
  return files.filter((name) => !UNNEEDED.test(name)).map((name) => path.join(archives, name));
}

/**
 * apt with a state of its own in `work`: it takes nothing for installed, so that every library a
 * server needs is fetched with it, and leaves the system's state and caches alone.
 */
async function aptWithOwnState(
  work: string,
  sources: readonly string[] | undefined,
): Promise<(program: string) => string[]> {
  for (const name of ['state/lists/partial', 'cache/archives/partial', 'parts']) {
    await mkdir(path.join(work, name), { recursive: true });
  }
  await writeFile(path.join(work, 'status'), '');
  const settings = [
    `Dir::State=${path.join(work, 'state')}`,
    `Dir::State::status=${path.join(work, 'status')}`,
    `Dir::Cache=${path.join(work, 'cache')}`,
    'Debug::NoLocking=true',
    'APT::Install-Recommends=false',
    'Acquire::Languages=none',
  ];
  // As root, apt would hand downloads to an account that may not enter the folder.
  if (process.getuid?.() === 0) settings.push('APT::Sandbox::User=root');
  if (sources) {
    await writeFile(path.join(work, 'sources.list'), sources.join('\n') + '\n');
    settings.push(
      `Dir::Etc::sourcelist=${path.join(work, 'sources.list')}`,
      `Dir::Etc::sourceparts=${path.join(work, 'parts')}`,
    );
  }
  return (program) => [program, ...settings.flatMap((setting) => ['-o', setting])];
}

/** The sites are those that this system is set up with, so mirrors and proxies stay in use. */
async function sourceLines(flavour: Flavour, work: string): Promise<string[]> {
  const release = await readFile('/etc/os-release', 'utf8');
  const distribution = /^ID="?([\w-]+)/m.exec(release)?.[1];
  const codename = /^VERSION_CODENAME="?([\w-]+)/m.exec(release)?.[1];
  const keyring = KEYRINGS.find((file) => existsSync(file) && file.includes(`/${distribution}-`));
  const trust = keyring ? `[signed-by=${keyring}] ` : '';
  const targets = (await indexTargets(work)).filter(
    ([, name]) => !codename || name === codename || name?.startsWith(`${codename}-`),
  );
  const lines =
    flavour === 'mysql' && distribution === 'debian'
      ? // Only Debian's unstable suite has MySQL; the first site is the one of the main archive.
        targets.slice(0, 1).map(([site]) => `deb ${trust}${site} sid main`)
      : targets.map(([site, name, component]) => `deb ${trust}${site} ${name} ${component}`);
  if (lines.length === 0) throw new Error('apt names no package source of the distribution');
  return lines;
}

/** Site, release and component of every package index apt knows. */
async function indexTargets(work: string): Promise<string[][]> {
  const query = ['--format', '$(SITE) $(RELEASE) $(COMPONENT)', 'Created-By: Packages'];
  let listed = await runCommand(['apt-get', 'indextargets', ...query]);
  if (!listed.trim()) {
    // apt lists only what it has fetched, and this system has fetched nothing so far.
    const apt = await aptWithOwnState(work, undefined);
    // One broken third-party source must not spoil the others.
    await runCommand([...apt('apt-get'), 'update']).catch(() => undefined);
    listed = await runCommand([...apt('apt-get'), 'indextargets', ...query]);
  }
  const lines = new Set(listed.split('\n').filter((line) => line.trim() !== ''));
  return [...lines].map((line) => line.trim().split(' '));
}
