import assert from 'node:assert/strict';
import test from 'node:test';
import { readWatchPage } from '../../src/http/watch-page.js';

test('the page is one file that asks for nothing else and makes no markup of data', async () => {
  const { html, headers } = await readWatchPage();
  const elements = [...html.matchAll(/<(script|style|link|img|iframe|object)\b([^>]*)>/g)];
  assert.deepEqual(
    elements.map(([, name]) => name).sort(),
    ['link', 'script', 'style'],
    'one script and one style',
  );
  for (const [, name, attributes] of elements) {
    if (name === 'link') assert.match(attributes, /href="data:/);
    else assert.equal(attributes, '');
  }
  assert.doesNotMatch(html, /\son\w+=|\sstyle=|javascript:|@import|url\(/i);
  assert.doesNotMatch(
    html,
    /innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(/,
  );
  assert.doesNotMatch(html.replaceAll('http://www.w3.org/2000/svg', ''), /https?:\/\//);
  const policy = headers['content-security-policy'];
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'sha256-[\w+/=]+';/);
  assert.match(policy, /style-src 'sha256-[\w+/=]+';/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
});

test('every element that the script looks for is there', async () => {
  const { html } = await readWatchPage();
  const ids = new Set([...html.matchAll(/\sid="([\w-]+)"/g)].map(([, id]) => id));
  const sought = [...html.matchAll(/\$\('([\w-]+)'\)/g)].map(([, id]) => id);
  assert.ok(sought.length > 20);
  for (const id of sought) assert.ok(ids.has(id), id);
});
