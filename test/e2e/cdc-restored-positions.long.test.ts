import test from 'node:test';
import { restoreUnderService } from './support/restored-source.js';

test('mysql without GTIDs: a source that was restored from a backup is noticed', () =>
  restoreUnderService('mysql', ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']));
