import test from 'node:test';
import { restoreUnderService } from './support/restored-source.js';

test('mariadb: a source that was restored from a backup is noticed', () =>
  restoreUnderService('mariadb'));
