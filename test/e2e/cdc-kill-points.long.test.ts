import test from 'node:test';
import type { Flavour } from '../servers/test-server.js';
import type { ApplyPoint, CopyPoint } from './support/hook-plan.js';
import { dieAtPoints, type KillPoints } from './support/kill-points.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

/** Every point of the stream, and how often it is passed before. */
const STREAM: Record<ApplyPoint, readonly number[]> = {
  'stream-apply': [0, 7],
  'stream-before-commit': [0, 7],
  'stream-after-commit': [0, 7],
};

/** Every point of a copy. */
const COPIES: Record<CopyPoint, string | undefined> = {
  flush: 'altered',
  'before-commit': undefined,
  'after-commit': undefined,
};

const POINTS: KillPoints = {
  stream: Object.entries(STREAM).flatMap(([point, passes]) =>
    passes.map((afterPasses) => ({ point: point as ApplyPoint, afterPasses })),
  ),
  copies: Object.entries(COPIES).map(([point, table]) => ({
    point: point as CopyPoint,
    ...(table === undefined ? {} : { table }),
  })),
};

for (const flavour of FLAVOURS) {
  test(`${flavour}: a service that is killed at every point of its work goes on exactly there`, () =>
    dieAtPoints(flavour, POINTS));
}
