import assert from 'node:assert/strict';
import test from 'node:test';
import type { TypeOptions } from '../../src/model/column-plan.js';
import type { ColumnSchema } from '../../src/model/table-schema.js';
import { planOf, tableOf } from '../batch/built-column.js';

interface Row {
  readonly type: string;
  readonly duckdbType: string;
  readonly encoding: string;
  /** Bytes per value in a batch; null for strings and lists. */
  readonly bytes: number | null;
  readonly options?: Partial<TypeOptions>;
  readonly details?: Partial<ColumnSchema>;
  /** Part of what is told of losses. */
  readonly lossy?: RegExp;
}

function rows(
  types: readonly string[],
  duckdbType: string,
  encoding: string,
  bytes: number | null,
  more: Pick<Row, 'options' | 'details' | 'lossy'> = {},
): Row[] {
  return types.map((type) => ({ type, duckdbType, encoding, bytes, ...more }));
}

const DATE_LOSS = /zero, partial and impossible dates become NULL/;

const TYPES: readonly Row[] = [
  ...rows(['tinyint', 'tinyint(4)'], 'TINYINT', 'copy', 1),
  ...rows(
    ['tinyint unsigned', 'tinyint(1) unsigned', 'tinyint(1) unsigned zerofill'],
    ...(['UTINYINT', 'copy', 1] as const),
  ),
  ...rows(['tinyint(1)'], 'BOOLEAN', 'tinyint-boolean', 1, { lossy: /become true/ }),
  ...rows(['tinyint(1)'], 'TINYINT', 'copy', 1, { options: { tinyint1As: 'tinyint' } }),
  ...rows(['smallint', 'smallint(6)'], 'SMALLINT', 'copy', 2),
  ...rows(['smallint unsigned'], 'USMALLINT', 'copy', 2),
  ...rows(['mediumint', 'int', 'int(11)'], 'INTEGER', 'copy', 4),
  ...rows(['mediumint unsigned', 'int(10) unsigned zerofill'], 'UINTEGER', 'copy', 4),
  ...rows(['bigint', 'bigint(20)'], 'BIGINT', 'copy', 8),
  ...rows(['bigint unsigned'], 'UBIGINT', 'copy', 8),
  ...rows(['year', 'year(4)'], 'SMALLINT', 'copy', 2),
  ...rows(['float', 'float(7,3)', 'float unsigned'], 'FLOAT', 'copy', 4),
  ...rows(['double', 'double(10,2)'], 'DOUBLE', 'copy', 8),
  ...rows(['bit(1)'], 'BOOLEAN', 'bit', 1),
  ...rows(['bit(2)', 'bit(64)'], 'UBIGINT', 'bit', 8),
  ...rows(['decimal(4,2)'], 'DECIMAL(4,2)', 'decimal', 2),
  ...rows(['decimal(5,0)'], 'DECIMAL(5,0)', 'decimal', 4),
  ...rows(['decimal(9,9) unsigned'], 'DECIMAL(9,9)', 'decimal', 4),
  ...rows(['decimal(10,0)'], 'DECIMAL(10,0)', 'decimal', 8),
  ...rows(['decimal(18,6)'], 'DECIMAL(18,6)', 'decimal', 8),
  ...rows(['decimal(19,6)'], 'DECIMAL(19,6)', 'decimal', 16),
  ...rows(['decimal(38,38)'], 'DECIMAL(38,38)', 'decimal', 16),
  ...rows(['decimal(39,0)', 'decimal(65,30)'], 'VARCHAR', 'text', null),
  ...rows(['date'], 'DATE', 'date', 4, { lossy: DATE_LOSS }),
  ...rows(['datetime', 'datetime(6)', 'timestamp', 'timestamp(3)'], 'TIMESTAMP', 'timestamp', 8, {
    lossy: DATE_LOSS,
  }),
  ...rows(['timestamp(6)'], 'TIMESTAMPTZ', 'timestamp', 8, {
    options: { timestampAs: 'timestamptz' },
    lossy: DATE_LOSS,
  }),
  // A DATETIME is no instant, whatever is chosen for TIMESTAMP.
  ...rows(['datetime(6)'], 'TIMESTAMP', 'timestamp', 8, {
    options: { timestampAs: 'timestamptz' },
    lossy: DATE_LOSS,
  }),
  ...rows(['time', 'time(6)'], 'TIME', 'time', 8, { lossy: /below 00:00:00 or from 24:00:00/ }),
  ...rows(['time(6)'], 'INTERVAL', 'time-interval', 16, { options: { timeAs: 'interval' } }),
  ...rows(
    ['char(10)', 'varchar(65535)', 'tinytext', 'text', 'mediumtext', 'longtext', 'inet4', 'inet6'],
    ...(['VARCHAR', 'text', null] as const),
  ),
  ...rows([`enum('tinyint(1)','unsigned')`, `set('a','b')`], 'VARCHAR', 'text', null),
  ...rows(
    ['binary(16)', 'varbinary(10)', 'tinyblob', 'blob', 'mediumblob', 'longblob'],
    ...(['BLOB', 'bytes', null] as const),
  ),
  ...rows(['json'], 'JSON', 'text', null),
  ...rows(['longtext'], 'JSON', 'text', null, { details: { isJsonText: true } }),
  ...rows(
    ['geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring'],
    ...(['GEOMETRY', 'geometry', null] as const),
    { lossy: /SRID/ },
  ),
  ...rows(
    ['multipolygon', 'geomcollection', 'geometrycollection'],
    ...(['GEOMETRY', 'geometry', null] as const),
    { lossy: /SRID/ },
  ),
  ...rows(['vector(2048)'], 'FLOAT[]', 'vector', null),
  ...rows(['uuid'], 'UUID', 'uuid-text', 16),
  // What a newer server may bring comes as the text that it sends.
  ...rows(['something_new(3)'], 'VARCHAR', 'text', null),
];

test('each source type has one place in the replica', () => {
  for (const { type, duckdbType, encoding, bytes, options, details, lossy } of TYPES) {
    const plan = planOf(type, options, details);
    const label = `${type} ${JSON.stringify(options ?? {})}`;
    assert.equal(plan.duckdbType, duckdbType, label);
    assert.equal(plan.encoding.kind, encoding, label);
    assert.equal(plan.layout.kind === 'fixed' ? plan.layout.bytes : null, bytes, label);
    assert.equal(plan.sourceType, type, label);
    if (lossy === undefined) assert.equal(plan.lossy, null, label);
    else assert.match(plan.lossy ?? '', lossy, label);
  }
});

test('a type is never told by a part of another name or of a value', () => {
  for (const type of [`enum('unsigned')`, `set('tinyint(1)')`]) {
    assert.equal(planOf(type).duckdbType, 'VARCHAR');
  }
  assert.equal(planOf('point').duckdbType, 'GEOMETRY');
  assert.equal(planOf('tinyint(10)').duckdbType, 'TINYINT');
});

test('a table’s key is known by its columns’ places', () => {
  assert.deepEqual(tableOf(['int', 'date', 'varchar(20)'], [2, 0]).keyColumns, [2, 0]);
  assert.deepEqual(tableOf(['int', 'date']).keyColumns, []);
  assert.deepEqual(
    tableOf(['int', 'date']).columns.map(({ name }) => name),
    ['c0', 'c1'],
  );
});
