/** The compiled file of a script in this folder. */
export function compiledFile(name: string): URL {
  return new URL(`./${name}.js`, import.meta.url);
}
