import assert from 'node:assert/strict';
import test from 'node:test';
import { hasCode } from '../../src/common/errors.js';
import { openSession } from '../../src/source/connect.js';
import { mayReplicate } from '../../src/source/replication-grant.js';
import { TestSource } from '../helpers/test-source.js';
import { TestAccount } from './test-account.js';

for (const flavour of ['mysql', 'mariadb'] as const) {
  test(`${flavour}: whether the binlog may be read, by grant or by role`, async () => {
    await using source = await TestSource.open(flavour);
    const select = `SELECT ON \`${source.database}\`.*`;
    await using without = await TestAccount.open(source, [select]);
    await using granted = await TestAccount.open(source, [select, 'REPLICATION SLAVE ON *.*']);
    await using byRole = await TestAccount.open(source, []);
    await byRole.grantByRole(select, 'REPLICATION SLAVE ON *.*');
    for (const [account, expected] of [
      [without, false],
      [granted, true],
      [byRole, true],
    ] as const) {
      await using session = await openSession(account.endpoint);
      assert.equal(await mayReplicate(session), expected);
      assert.equal(await mayReplicate(session), expected);
      assert.deepEqual(await session.query("SELECT 'x' AS x"), [{ x: 'x' }]);
    }
  });

  test(`${flavour}: a connection that breaks is an error`, async () => {
    await using source = await TestSource.open(flavour);
    await using account = await TestAccount.open(source, [`SELECT ON \`${source.database}\`.*`]);
    await using session = await openSession(account.endpoint);
    await source.run(`KILL ${session.connectionId}`);
    await assert.rejects(mayReplicate(session), (error) => hasCode(error, 'source-unavailable'));
  });
}
