import test from 'node:test';
import { dieAtPoints, type KillPoints } from './support/kill-points.js';

/** Among those of the long test, which has both servers. */
const POINTS: KillPoints = {
  stream: [
    { point: 'stream-apply' },
    { point: 'stream-before-commit' },
    { point: 'stream-after-commit' },
  ],
  copies: [{ point: 'before-commit' }],
};

test('mysql: a service that is killed at points of its work goes on exactly there', () =>
  dieAtPoints('mysql', POINTS));
