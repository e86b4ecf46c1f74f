import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { openBrowser } from '../helpers/browser.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { Service } from './support/service.js';
import { addTextTable } from './support/text-table.js';
import { READER_TOKEN, readerToken, WatchedService } from './support/watched-service.js';

const HOSTILE = '<img src=x onerror="window.wasHit = true">';

/** Calls `work` with a page of a browser; says so where there is none. */
async function withPage(
  t: TestContext,
  work: (page: Page, complaints: readonly string[]) => Promise<void>,
  options: BrowserContextOptions = {},
  /** Complaints of the browser's that belong to the test. */
  expected = /status of 40[01]|ERR_INCOMPLETE_CHUNKED_ENCODING/,
): Promise<void> {
  const browser: Browser | null = await openBrowser();
  if (browser === null) {
    const what =
      'NO BROWSER: the page was not tried in one. Install chromium, or name one in DUCKTAIL_TEST_BROWSER.';
    t.skip(what);
    process.stderr.write(`\n!!! ${what}\n\n`);
    return;
  }
  try {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      ...options,
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      // A refused token and a wrong query are told by their status.
      if (message.type() !== 'error' || expected.test(message.text())) return;
      complaints.push(message.text());
    });
    await work(page, complaints);
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
}

test('the page shows tables, changes, answers and problems, all of it as text', async (t) => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await source.run(
    `CREATE TABLE \`${HOSTILE.replace('window.', '')}\` (id INT PRIMARY KEY)`,
    'CREATE TABLE orders (id INT PRIMARY KEY, customer VARCHAR(80), total DECIMAL(10,2), day DATE)',
    `INSERT INTO orders VALUES (1, '${HOSTILE}', 12.50, '2026-01-01'), (2, 'Ada', 99.90, '0000-00-00')`,
  );
  await using watched = await WatchedService.launch(source, folder.file('replica.duckdb'), {
    API_TOKENS: readerToken(),
  });
  await watched.service.streaming();

  await withPage(t, async (page) => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(watched.url);
    await page.fill('#token', 'not-a-token');
    await page.click('#ask button');
    await page.waitForSelector('#ask-why:not([hidden])');
    await page.fill('#token', READER_TOKEN);
    await page.click('#ask button');

    await page.waitForSelector('tr[data-table=orders]');
    const text = (selector: string): Promise<string> => page.innerText(selector);
    const shows = (selector: string, wanted: string): Promise<void> =>
      page.locator(selector, { hasText: wanted }).waitFor();
    await shows('tr[data-table=orders] td:nth-child(3)', '2');
    await shows('#state', 'streaming');
    assert.match(await text('#tables'), /<img src=x onerror="wasHit = true">/);
    assert.equal(await text('tr[data-table=orders] td:nth-child(7)'), '1');
    await page.click('tr[data-table=orders] td:nth-child(7) button');
    await shows('#answer', '0000-00-00');

    await source.run(
      `INSERT INTO orders SELECT id + 2, customer, total, NULL FROM orders`,
      'DELETE FROM orders WHERE id = 2',
    );
    await shows('tr[data-table=orders] td:nth-child(3)', '3');
    await page.waitForFunction(
      `new Set(document.querySelector('tr[data-table=orders] polyline')
        .getAttribute('points').match(/,[0-9.]+/g)).size > 1`,
    );

    await page.fill('#sql', 'SELECT id, customer, total, day FROM orders ORDER BY id');
    await page.press('#sql', 'Control+Enter');
    await shows('#took', '3 rows');
    assert.deepEqual(await page.locator('#answer tbody tr').first().locator('td').allInnerTexts(), [
      ...['1', HOSTILE, '12.50', '2026-01-01'],
    ]);
    assert.match(await text('#took'), /^3 rows · \d+ ms/);
    await page.fill('#sql', 'SELECT nonsense FROM orders');
    await page.click('#run');
    await shows('#failure', 'nonsense');
    assert.equal(await page.locator('#answer').isVisible(), false);

    await page.locator('#tables button', { hasText: '<img' }).click();
    await shows('#took', '0 rows');
    assert.match(await page.inputValue('#sql'), /FROM "main"\."<img src=x onerror=""was/);
    await page.fill('#sql', `SELECT range AS n, '"{[\\' AS t, {'a': [n]} AS s FROM range(5000)`);
    await page.click('#run');
    await shows('#took', '5,000 rows · the first 1,000 are shown');
    assert.equal(await page.locator('#answer tbody tr').count(), 1000);
    assert.deepEqual(
      await page.locator('#answer tbody tr').nth(999).locator('td').allInnerTexts(),
      [...['999', '"{[\\', '{"a":["999"]}']],
    );
    await page.fill('#sql', 'FROM range(200000)');
    await page.click('#run');
    await shows('#took', 'more than 100,000 rows');
    await page.fill(
      '#sql',
      `SELECT CASE WHEN range = 90000 THEN error('broken') ELSE range::VARCHAR END FROM range(100000)`,
    );
    await page.click('#run');
    await shows('#failure', 'the answer broke off');
    await page.fill('#sql', 'SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a <> b');
    await page.click('#run');
    await page.click('#cancel');
    await shows('#failure', 'cancelled');

    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.evaluate('window.wasHit'), undefined);
    assert.deepEqual(new Set(asked.map((url) => new URL(url).origin)), new Set([watched.url]));
    assert.equal(await page.evaluate('sessionStorage.length'), 1);
    await page.click('#leave');
    await page.waitForSelector('#ask:not([hidden])');
    assert.equal(await page.evaluate('sessionStorage.length'), 0);
  });
});

test('the page says that the service is gone, and goes on with the next one', async (t) => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await source.run('CREATE TABLE orders (id INT PRIMARY KEY)', 'INSERT INTO orders VALUES (1)');
  const launch = (port: string): Promise<WatchedService> =>
    WatchedService.launch(source, folder.file('replica.duckdb'), { HTTP_PORT: port });
  await using first = await launch('0');
  await withPage(
    t,
    async (page) => {
      await page.goto(first.url);
      await page.waitForSelector('tr[data-table=orders]');
      await first.service.stop();
      await page.locator('#state', { hasText: 'not connected' }).waitFor();
      assert.equal(await page.locator('main.stale tr[data-table=orders]').count(), 1);
      await using second = await launch(new URL(first.url).port);
      await source.run('INSERT INTO orders VALUES (2)');
      await page.locator('tr[data-table=orders] td:nth-child(3)', { hasText: '2' }).waitFor();
      assert.equal(await page.locator('main.stale').count(), 0);
      assert.equal(await page.innerText('#link'), '');
      await second.service.stop();
    },
    {},
    /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING/,
  );
});

test('a copy is shown while it is made', async (t) => {
  await using source = await TestSource.open('mysql');
  await addTextTable(source, { name: 'texts', rows: 300, bytes: 64 * 1024 });
  await using service = await Service.start(
    source.url,
    {
      ...{ HTTP_ENABLED: 'true', HTTP_PORT: '0', LOG_FORMAT: 'json' },
      // The table has no watermark: each run would copy it again.
      INCREMENTAL_SCHEDULE: '0 0 1 1 *',
    },
    { plan: { point: 'flush', action: 'hold' } },
  );
  await service.child.reached();
  const url = /"url":"(http[^"]+)"/.exec(service.child.stderr)?.[1];
  assert.ok(url, service.child.stderr);
  await withPage(t, async (page) => {
    await page.goto(url);
    await page.waitForSelector('tr[data-table=texts] progress');
    assert.match(await page.innerText('tr[data-table=texts]'), /copying[^]*0 %/);
    service.child.resume();
    await page.locator('tr[data-table=texts] td:nth-child(3)', { hasText: /^300$/ }).waitFor();
    assert.equal(await page.locator('progress').count(), 0);
  });
});

test('the page is dark where the system is, and as one likes', async (t) => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await source.run('CREATE TABLE t (id INT PRIMARY KEY)');
  await using watched = await WatchedService.launch(source, folder.file('replica.duckdb'));
  await withPage(
    t,
    async (page) => {
      const isDark = async (): Promise<boolean> => {
        const colour: string = await page.evaluate(
          'getComputedStyle(document.body).backgroundColor',
        );
        const [red] = /\d+/.exec(colour) ?? [];
        return Number(red) < 128;
      };
      await page.goto(watched.url);
      assert.equal(await isDark(), true);
      await page.click('#theme');
      assert.equal(await isDark(), false);
      await page.reload();
      assert.equal(await isDark(), false);
      await page.emulateMedia({ colorScheme: 'light' });
      await page.click('#theme');
      assert.equal(await isDark(), true);
    },
    { colorScheme: 'dark' },
  );
});
