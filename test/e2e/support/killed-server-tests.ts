import test from 'node:test';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import { type Flavour, openTestServer } from '../../servers/test-server.js';
import { addTwoLargeTables, assertFinished, MID_COPY, cutSettings } from './cut-copy.js';
import { DucktailChild } from './ducktail-child.js';
import { sendingConnections } from './source-processes.js';

/** A server of the flavour that dies while it is read. */
export function killedServerTests(flavour: Flavour): void {
  test(`${flavour}: a server that is killed and comes back is read from the beginning`, async () => {
    await using server = await openTestServer(flavour, { ignoreUrl: true });
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    // Not disposed of: its connection dies with the server, and its data with the server's folder.
    const source = await TestSource.open(flavour, server);
    await addTwoLargeTables(source);
    const env = cutSettings(source, duckdbPath, 3);
    await using child = DucktailChild.start(['sync', '--json'], env, { plan: MID_COPY });
    await child.reached();
    await sendingConnections(source, 2);
    await server.kill();
    child.resume();
    await child.says(/starting over with a new snapshot/);
    await server.start();
    await assertFinished(child, source, duckdbPath);
  });
}
