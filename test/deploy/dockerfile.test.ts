import assert from 'node:assert/strict';
import test from 'node:test';
import { validate } from 'dockerfile-utils';
import { checkoutText, HEALTH_PATH, HTTP_PORT, isInCheckout } from './program-facts.js';

const TEXT = checkoutText('Dockerfile');

interface Instruction {
  readonly name: string;
  readonly value: string;
}

/** Lines as instructions, with those that a backslash ends joined. */
function instructions(text: string): Instruction[] {
  return text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name, value] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      return { name: name.toUpperCase(), value };
    });
}

const ALL = instructions(TEXT);
const LAST_STAGE = ALL.slice(ALL.findLastIndex(({ name }) => name === 'FROM'));
const valuesOf = (name: string, among = LAST_STAGE): string[] =>
  among.filter((instruction) => instruction.name === name).map(({ value }) => value);

test('the Dockerfile is one', () => {
  assert.deepEqual(validate(TEXT), []);
});

test('it is built in stages, of images whose version is named', () => {
  const images = valuesOf('FROM', ALL);
  assert.equal(images.length, 2);
  for (const image of images) assert.match(image, /^[a-z/]+:\d+\.\d+[\w.-]*( AS \w+)?$/);
  assert.ok(Number(/node:(\d+)/.exec(images[1])?.[1]) >= 20);
});

test('it runs as another user than root, in a folder that is named in full', () => {
  assert.deepEqual(valuesOf('USER'), ['node']);
  for (const folder of valuesOf('WORKDIR', ALL)) assert.match(folder, /^\//);
  // Nothing is done as root behind it.
  const behind = LAST_STAGE.slice(LAST_STAGE.findIndex(({ name }) => name === 'USER'));
  assert.deepEqual(valuesOf('RUN', behind), []);
});

test('it installs by the lockfile, adds nothing from elsewhere, and holds no secret', () => {
  assert.ok(valuesOf('RUN', ALL).some((run) => /^npm ci /.test(run)));
  for (const run of valuesOf('RUN', ALL))
    assert.doesNotMatch(run, /npm install|sudo|curl|wget|apt/);
  assert.deepEqual(valuesOf('ADD', ALL), []);
  assert.doesNotMatch(TEXT, /PASSWORD|SECRET|TOKEN|mysql:\/\//);
  const ignored = checkoutText('.dockerignore').split('\n');
  for (const path of ['.env', '.git', 'node_modules']) assert.ok(ignored.includes(path), path);
});

test('entry point, command and health check are lists, and the program has what they name', () => {
  const [entry] = valuesOf('ENTRYPOINT').map((value) => JSON.parse(value) as string[]);
  assert.equal(entry[0], 'node');
  const program = entry[1].replace('/app/', '');
  assert.ok(isInCheckout(program), program);
  assert.deepEqual(
    valuesOf('CMD').map((value) => JSON.parse(value) as string[]),
    [['run']],
  );
  assert.deepEqual(valuesOf('EXPOSE'), [HTTP_PORT]);
  const [health] = valuesOf('HEALTHCHECK');
  const [, list] = / CMD (\[.*\])$/.exec(health) ?? [];
  const command = JSON.parse(list) as string[];
  assert.equal(command[0], 'node');
  assert.ok(command[2].includes(`http://127.0.0.1:${HTTP_PORT}${HEALTH_PATH}`), command[2]);
});

test('what is copied into the image is all that the package ships, and is there', () => {
  const copied = valuesOf('COPY').map((value) => value.split(' ').at(-1)?.replace('./', ''));
  const { files } = JSON.parse(checkoutText('package.json')) as { files: string[] };
  const needed = [...files.filter((file) => !file.startsWith('.')), 'node_modules', 'package.json'];
  assert.deepEqual(copied.sort(), needed.sort());
});

test('the volume is where the replica is, and belongs to the user', () => {
  assert.deepEqual(valuesOf('VOLUME'), ['/data']);
  assert.ok(valuesOf('ENV').some((value) => value.includes('DUCKDB_PATH=/data/replica.duckdb')));
  assert.ok(valuesOf('RUN').some((value) => /--owner=node .*\/data$/.test(value)));
});
