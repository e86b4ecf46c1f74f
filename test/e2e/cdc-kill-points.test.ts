import test from 'node:test';
import type { Flavour } from '../servers/test-server.js';
import { dieAtPoints, type KillPoints } from './support/kill-points.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

const POINTS: KillPoints = {
  stream: [
    { point: 'stream-apply' },
    { point: 'stream-before-commit' },
    { point: 'stream-after-commit' },
  ],
  copies: [{ point: 'before-commit' }],
};

for (const flavour of FLAVOURS) {
  test(`${flavour}: a service that is killed at points of its work goes on exactly there`, () =>
    dieAtPoints(flavour, POINTS));
}
