import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { environmentOptions } from '../../config/options.js';

// The tests run from dist/.
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A file of the checkout. */
export function checkoutText(path: string): string {
  return readFileSync(ROOT + path, 'utf8');
}

export function isInCheckout(path: string): boolean {
  return existsSync(ROOT + path);
}

const options = Object.values(environmentOptions) as readonly {
  readonly name: string;
  readonly secret: boolean;
  readonly whenUnset: { readonly words: string } | null;
}[];

/** What the program reads from its environment. */
export const VARIABLES: ReadonlySet<string> = new Set(options.map(({ name }) => name));

export const REQUIRED = options
  .filter(({ whenUnset }) => whenUnset === null)
  .map(({ name }) => name);

export const SECRETS: ReadonlySet<string> = new Set(
  options.filter(({ secret }) => secret).map(({ name }) => name),
);

/** Where the program listens unless it is told otherwise. */
export const HTTP_PORT = environmentOptions.httpPort.whenUnset?.words ?? '';

export const HEALTH_PATH = '/healthz';
export const READY_PATH = '/readyz';
export const METRICS_PATH = '/metrics';

/** Of a `node` image: the user `node`. */
export const IMAGE_USER_ID = 1000;
