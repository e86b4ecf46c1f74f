import test from 'node:test';
import type { Flavour } from '../servers/test-server.js';
import { dieAtPoints, type KillPoints } from './support/kill-points.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

/** At the first pass of the point, or later. */
const POINTS: KillPoints = {
  stream: [
    { point: 'stream-apply' },
    { point: 'stream-apply', afterPasses: 7 },
    { point: 'stream-before-commit' },
    { point: 'stream-before-commit', afterPasses: 7 },
    { point: 'stream-after-commit' },
    { point: 'stream-after-commit', afterPasses: 7 },
  ],
  copies: [
    { point: 'flush', table: 'altered' },
    { point: 'before-commit' },
    { point: 'after-commit' },
  ],
};

for (const flavour of FLAVOURS) {
  test(`${flavour}: a service that is killed at every point of its work goes on exactly there`, () =>
    dieAtPoints(flavour, POINTS));
}
