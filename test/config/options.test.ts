import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { parse } from 'dotenv';
import { environmentHelp } from '../../config/environment-help.js';
import { loadConfig } from '../../config/load.js';
import { environmentOptions } from '../../config/options.js';
import { makeCertificate } from '../helpers/certificate.js';
import { TempFolder } from '../helpers/temp-folder.js';

// The tests run from dist/.
const EXAMPLE = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');
const options = Object.values(environmentOptions);
const names = options.map(({ name }) => name);

/** `.env.example` with the variables that it only shows as comments switched on. */
function allVariables(): Record<string, string> {
  return parse(EXAMPLE.replaceAll(/^#(?=[A-Z][A-Z0-9_]*=)/gm, ''));
}

test('.env.example has every variable, once, and no other', () => {
  assert.deepEqual(Object.keys(allVariables()).sort(), names.toSorted());
  assert.equal(EXAMPLE.match(/^#?[A-Z][A-Z0-9_]*=/gm)?.length, names.length);
  const required = options.filter(({ whenUnset }) => whenUnset === null).map(({ name }) => name);
  assert.deepEqual(Object.keys(parse(EXAMPLE)), required);
});

test('.env.example is valid, as it is and with every variable switched on', async () => {
  assert.equal(loadConfig(parse(EXAMPLE)).endpoint.user, 'ducktail');
  // Files of the example's names are not on every machine.
  await using folder = await TempFolder.open();
  const { cert, key } = makeCertificate(folder.path);
  const variables = { ...allVariables(), HTTP_TLS_CERT: cert, HTTP_TLS_KEY: key };
  assert.deepEqual(loadConfig(variables).tables, {
    include: ['orders', 'customer_*'],
    exclude: ['*_old'],
  });
});

test('the values that .env.example shows are the defaults, where a text can say them', () => {
  const variables = allVariables();
  let compared = 0;
  for (const { name, whenUnset } of options) {
    if (whenUnset === null) continue;
    const isText = JSON.stringify(whenUnset.value).replaceAll('"', '') === whenUnset.words;
    if (!isText) continue;
    assert.equal(variables[name], whenUnset.words, name);
    compared += 1;
  }
  assert.equal(compared, 31);
});

test('what is secret is known to be', () => {
  const secret = options.filter((option) => option.secret).map(({ name }) => name);
  assert.deepEqual(secret, [
    'MYSQL_URL',
    'DUCKDB_ENCRYPTION_KEY',
    'API_TOKENS',
    'BACKUP_ENCRYPTION_KEY',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
  ]);
});

test('help names every variable with its default, within the width', () => {
  const help = environmentHelp(60);
  for (const { name, whenUnset } of options) {
    const state = whenUnset === null ? 'required' : `default: ${whenUnset.words}`;
    assert.ok(help.includes(`\n  ${name} (${state})\n`), name);
  }
  const words = help.split('\n').filter((line) => line.length > 60 && line.trim().includes(' '));
  assert.deepEqual(words, ['Environment (also from the file .env in the working directory):']);
  const flat = help.replaceAll(/\s+/g, ' ');
  for (const { name, doc } of options) assert.ok(flat.includes(doc), name);
});
