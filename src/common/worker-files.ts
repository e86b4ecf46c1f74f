import { fileURLToPath } from 'node:url';

/** The compiled file of a worker, `workers/<name>.js` beside `src/`. */
export function workerFile(name: string): string {
  return fileURLToPath(new URL(`../../workers/${name}.js`, import.meta.url));
}
