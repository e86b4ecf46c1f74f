import test from 'node:test';
import { backUpUnderWriter } from './support/backup-under-writer.js';

test('mariadb: a backup under a writer restores to its position and streams on', () =>
  backUpUnderWriter('mariadb'));
