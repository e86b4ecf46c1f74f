import os from 'node:os';
import type { Flavour } from './test-server.js';

const MIB = 2 ** 20;

/** Settings that must be given when the data folder is made, and cannot change later. */
export function formatArguments(extra: readonly string[]): string[] {
  return extra.filter((argument) => /lower[-_]case[-_]table|innodb[-_]page[-_]size/.test(argument));
}

/** mysqld refuses to run as root unless told to. */
export function accountArguments(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

/**
 * What every test server runs with, wherever it comes from: a binary log as Ducktail needs it, and
 * durability given up for speed, as the data is thrown away anyway.
 */
export function commonArguments(flavour: Flavour): string[] {
  const bufferPool = Math.floor(Math.min(1024 * MIB, os.totalmem() / 4) / MIB);
  const common = [
    `--server-id=${1 + Math.floor(Math.random() * 0x7fff_fffe)}`,
    '--log-bin=binlog',
    '--binlog-row-image=FULL',
    '--binlog-row-metadata=FULL',
    '--binlog-expire-logs-seconds=21600',
    '--sync-binlog=0',
    `--innodb-buffer-pool-size=${bufferPool}M`,
    '--innodb-flush-log-at-trx-commit=2',
    // A server that is killed leaves what it wrote to the system, and no test cuts the power.
    '--innodb-flush-method=nosync',
    '--max-allowed-packet=1G',
    '--local-infile=ON',
    '--secure-file-priv=',
    '--character-set-server=utf8mb4',
  ];
  return flavour === 'mysql'
    ? [
        ...common,
        '--gtid-mode=ON',
        '--enforce-gtid-consistency=ON',
        '--loose-mysqlx=OFF',
        '--loose-innodb-redo-log-capacity=512M',
      ]
    : [...common, '--binlog-format=ROW', '--innodb-log-file-size=256M'];
}
