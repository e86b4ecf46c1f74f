import assert from 'node:assert/strict';
import test from 'node:test';
import { readRowTexts } from '../../../src/source/rows/row-text.js';
import { tableOf } from '../../batch/built-column.js';
import { dateTime, lengthEncoded, rowPacket, time } from '../../batch/wire.js';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** Type, wire form and the text that the server prints for it. */
const VALUES: readonly (readonly [type: string, wire: Buffer, text: string])[] = [
  ['tinyint', bytes('80'), '-128'],
  ['tinyint unsigned', bytes('ff'), '255'],
  ['tinyint(1)', bytes('ff'), '-1'],
  ['smallint', bytes('0080'), '-32768'],
  ['smallint unsigned', bytes('ffff'), '65535'],
  ['year', bytes('e807'), '2024'],
  ['mediumint', bytes('000080ff'), '-8388608'],
  ['int', bytes('ffffffff'), '-1'],
  ['int unsigned', bytes('ffffffff'), '4294967295'],
  ['bigint', bytes('0000000000000080'), '-9223372036854775808'],
  ['bigint unsigned', bytes('ffffffffffffffff'), '18446744073709551615'],
  ['float', bytes('0000c03f'), '1.5'],
  ['double', bytes('000000000000f8bf'), '-1.5'],
  ['decimal(20,2)', lengthEncoded('-123456789012345678.90'), '-123456789012345678.90'],
  ['date', dateTime('0000-00-00'), '0000-00-00'],
  ['date', dateTime('2024-00-10'), '2024-00-10'],
  ['date', dateTime('0999-12-31'), '0999-12-31'],
  ['datetime', dateTime('2024-02-30 01:02:03'), '2024-02-30 01:02:03'],
  ['datetime', dateTime('0000-00-00'), '0000-00-00 00:00:00'],
  ['datetime(3)', dateTime('2024-02-30'), '2024-02-30 00:00:00.000'],
  ['datetime(3)', dateTime('2024-02-30 01:02:03.045000'), '2024-02-30 01:02:03.045'],
  ['timestamp(6)', dateTime('2024-02-29 01:02:03.000004'), '2024-02-29 01:02:03.000004'],
  ['time', time('00:00:00'), '00:00:00'],
  ['time(2)', time('00:00:00'), '00:00:00.00'],
  ['time', time('-838:59:59'), '-838:59:59'],
  ['time(6)', time('-00:00:00.000001'), '-00:00:00.000001'],
  ['time(1)', time('101:01:01.500000'), '101:01:01.5'],
  ['varchar(20)', lengthEncoded('ü😀'), 'ü😀'],
  ['varchar(20)', lengthEncoded(''), ''],
  ['varchar(20)', lengthEncoded(bytes('61eda080')), '0x61eda080'],
  ['longtext', lengthEncoded('x'.repeat(70_000)), 'x'.repeat(70_000)],
  ['varbinary(20)', lengthEncoded('abc'), '0x616263'],
  ['bit(9)', lengthEncoded(bytes('01ff')), '0x01ff'],
  ['json', lengthEncoded('{"a": 1}'), '{"a": 1}'],
  [
    'uuid',
    lengthEncoded('123e4567-e89b-12d3-a456-426655440000'),
    '123e4567-e89b-12d3-a456-426655440000',
  ],
];

test('every type is read as the text that the server prints', () => {
  const plan = tableOf(VALUES.map(([type]) => type));
  const packet = rowPacket(VALUES.map(([, wire]) => wire));
  assert.deepEqual(
    readRowTexts(plan, packet, 0),
    VALUES.map(([, , text]) => text),
  );
});

test('NULLs take no bytes', () => {
  const plan = tableOf(VALUES.map(([type]) => type));
  const isNull = (at: number): boolean => at % 2 === 0;
  const packet = rowPacket(VALUES.map(([, wire], at) => (isNull(at) ? null : wire)));
  assert.deepEqual(
    readRowTexts(plan, Buffer.concat([Buffer.of(1, 2, 3), packet]), 3),
    VALUES.map(([, , text], at) => (isNull(at) ? null : text)),
  );
});
