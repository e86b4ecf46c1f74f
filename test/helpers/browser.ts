import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = [
  'chromium',
  'chromium-browser',
  'chromium-headless-shell',
  'google-chrome-stable',
  'google-chrome',
];
const DOWNLOADED = /^(chrome|chromium|headless_shell|chrome-headless-shell)$/;

/** The system's Chromium, or the one of DUCKTAIL_TEST_BROWSER; null: there is none. */
export async function openBrowser(): Promise<Browser | null> {
  const executablePath = await findBrowser();
  if (executablePath === null) return null;
  // Its sandbox takes rights that containers don't have; it sees nothing but this test's page.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

async function findBrowser(): Promise<string | null> {
  const { DUCKTAIL_TEST_BROWSER: named, PATH = '' } = process.env;
  if (named !== undefined && named !== '') return named;
  const installed = PATH.split(path.delimiter).flatMap((folder) =>
    NAMES.map((name) => path.join(folder, name)),
  );
  return installed.find((file) => existsSync(file)) ?? (await findDownloaded());
}

/** Where Playwright keeps browsers. */
async function findDownloaded(): Promise<string | null> {
  const { PLAYWRIGHT_BROWSERS_PATH: folder = path.join(homedir(), '.cache/ms-playwright') } =
    process.env;
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const found = files.find((file) => file.isFile() && DOWNLOADED.test(file.name));
  return found === undefined ? null : path.join(found.parentPath, found.name);
}
