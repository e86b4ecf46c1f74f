import { DucktailError } from '../../src/common/errors.js';
import { openDatabase } from './temp-database.js';

/**
 * A process that opens the replica of its first argument at the word 'go', tells how that went, and
 * keeps what it has until the word 'end'.
 */
async function contend(path: string): Promise<void> {
  const words = new Map<string, () => void>();
  const word = (name: string): Promise<void> =>
    new Promise((resolve) => {
      words.set(name, resolve);
    });
  process.on('message', (message: string) => words.get(message)?.());
  const [go, end] = [word('go'), word('end')];
  process.send?.('ready');
  await go;
  try {
    await using database = await openDatabase(path);
    await database.run('SELECT 1');
    process.send?.('open');
    await end;
  } catch (error) {
    process.send?.(error instanceof DucktailError ? error.code : String(error));
    await end;
  }
  process.disconnect();
}

await contend(process.argv[2]);
