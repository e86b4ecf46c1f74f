import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const PAGE = new URL('../../../web/watch.html', import.meta.url);

/** The page that shows the service, and what it is sent with. */
export interface WatchPage {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Its script and its style are allowed by what they hash to, and nothing else is. */
export async function readWatchPage(file: URL = PAGE): Promise<WatchPage> {
  const html = await readFile(file, 'utf8');
  const policy = [
    "default-src 'none'",
    `script-src ${hashes(html, 'script')}`,
    `style-src ${hashes(html, 'style')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ];
  return {
    html,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
      'cache-control': 'no-cache',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  };
}

function hashes(html: string, element: 'script' | 'style'): string {
  const contents = html.matchAll(new RegExp(`<${element}>([^]*?)</${element}>`, 'g'));
  return [...contents]
    .map(([, text]) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
    .join(' ');
}
