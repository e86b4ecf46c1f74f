import assert from 'node:assert/strict';
import test from 'node:test';
import { CHANGE_DELETE } from '../../../src/model/change-plan.js';
import type { TablePlan, TypeOptions } from '../../../src/model/column-plan.js';
import {
  createTypeTable,
  fillTypeTable,
  type TypeCase,
  typeCases,
} from '../../helpers/all-types.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { ChangedSource, type DecodedRows } from './decoded-changes.js';
import { fromBatch, fromZongji } from './plain-value.js';
import { readWithZongji, type ZongjiImage } from './zongji-rows.js';

/**
 * zongji decodes the same range of the binlog, without a line of code in common with ours. Where it
 * is known to be wrong is said here, and has to be so: an entry that it has mended fails.
 */

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
const ROWS = 70;
const END = 'behind_all';

/** Everything that a column can hold as a value of its own. */
const OPTIONS: Partial<TypeOptions> = { tinyint1As: 'tinyint', timeAs: 'interval' };

interface WrongInZongji {
  readonly table: string;
  /** Both by default. */
  readonly flavour?: Flavour;
  readonly why: string;
  /** What it makes of these values of ours; all others have to be the same. */
  readonly values: RegExp;
}

const WRONG: readonly WrongInZongji[] = [
  { table: 'int_year', why: 'the year 0000 becomes 1900', values: /^0$/ },
  {
    table: 'enum_invalid_index',
    why: "the index 0, which prints as '', is undefined",
    values: /^$/,
  },
  {
    table: 'json_documents',
    flavour: 'mysql',
    why: 'decimal points, exponents and the sign of zero are lost from doubles',
    values: /^-?[0-9.]+(?:e[0-9]+)?$/,
  },
  {
    table: 'charset_latin1',
    why: 'bytes that cp1252 leaves open become U+FFFD; the server has control characters',
    values: /^\u0081\u008d\u008f$/,
  },
  {
    table: 'text_half_surrogate',
    why: 'half a surrogate pair is passed on, which no UTF-8 text can have; ours is rejected',
    values: /^0x/,
  },
  {
    table: 'text_half_surrogate_utf8',
    why: 'bytes that are no UTF-8 become U+FFFD; ours are rejected',
    values: /^0x/,
  },
  {
    table: 'float_negative_underflow',
    why: "the sign of a zero that MariaDB's SELECT does not show",
    values: /^0$/,
  },
  { table: 'mariadb_inet4', why: 'the address as four bytes', values: /./ },
  { table: 'mariadb_inet6', why: 'the address as sixteen bytes', values: /./ },
];

/** Tables of which zongji loses whole events, which it tells as an error. */
const LOST: ReadonlyMap<string, string> = new Map([
  ['bin_vector', 'an unsupported type: the parser goes astray'],
  ['bin_vector_long', 'an unsupported type: the parser goes astray'],
  ['json_typed', 'kinds of JSON values that are not implemented'],
  ['charset_swe7', 'a character set that it has no decoder for: a warning per value'],
]);

/** `op id value`, with what was rejected in place of the NULL that it became. */
interface Image {
  readonly head: string;
  readonly value: string | null;
}

/** Of a table without a key, whose images come whole, in order. */
function ourImages(
  plan: TablePlan,
  { rows, rejected }: DecodedRows,
  theirs: readonly Image[],
): Image[] {
  const [idColumn, valueColumn] = plan.columns;
  const texts = rejected.map(({ sourceText }) => sourceText);
  const images = rows.map((row, at) => {
    const value = fromBatch(valueColumn, row[1]);
    const isRejected = value === null && theirs.at(at)?.value !== null;
    return {
      head: headOf(row.at(-2) === `0${CHANGE_DELETE}`, fromBatch(idColumn, row[0])),
      value: isRejected ? (texts.shift() ?? null) : value,
    };
  });
  assert.deepEqual(texts, [], 'rejected values that zongji has not');
  return images;
}

function theirImages(plan: TablePlan, images: readonly ZongjiImage[]): Image[] {
  const [idColumn, valueColumn] = plan.columns;
  return images.map(({ isBefore, row }) => ({
    head: headOf(isBefore, fromZongji(idColumn, row.id)),
    value: fromZongji(valueColumn, row.v),
  }));
}

function headOf(isBefore: boolean, id: string | null): string {
  return `${isBefore ? '-' : '+'}${id}`;
}

function short(value: string | null): string {
  return value === null ? 'NULL' : value.slice(0, 200);
}

function assertSame(
  ours: readonly Image[],
  theirs: readonly Image[],
  known: WrongInZongji | undefined,
): void {
  assert.deepEqual(
    ours.map(({ head }) => head),
    theirs.map(({ head }) => head),
    'the same images in the same order',
  );
  const isKnown = (value: string | null): boolean =>
    value !== null && known?.values.test(value) === true;
  const different = ours
    .map(({ value }, at) => ({ value, other: theirs[at].value }))
    .filter(({ value, other }) => value !== other);
  const unknown = different
    .filter(({ value }) => !isKnown(value))
    .map(({ value, other }) => `${short(value)}, zongji: ${short(other)}`);
  assert.deepEqual([...new Set(unknown)], []);
  assert.equal(different.length > 0, known !== undefined, 'zongji is right about it now');
}

/** Inserts, updates and deletes every value, the last two with the row as it was. */
async function changeAll(source: TestSource, typeCase: TypeCase): Promise<void> {
  const { name } = typeCase;
  await fillTypeTable(
    source,
    { ...typeCase, values: typeCase.values.filter(({ once }) => !once) },
    ROWS,
  );
  await source.run(
    `UPDATE \`${name}\` SET id = id + 1000 ORDER BY id`,
    `DELETE FROM \`${name}\` WHERE id % 2 = 0`,
  );
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: zongji decodes the same values from the same binlog`, async (t) => {
    await using source = await TestSource.open(flavour);
    await using changed = await ChangedSource.open(source, OPTIONS);
    await source.addNumbers(ROWS);
    await source.run(`CREATE TABLE ${END} (id INT)`);
    const cases = typeCases(flavour);
    for (const typeCase of cases) {
      await createTypeTable(source, typeCase);
      await source.run(`ALTER TABLE \`${typeCase.name}\` DROP PRIMARY KEY`);
    }
    await changed.skip();
    for (const typeCase of cases) await changeAll(source, typeCase);
    await source.run(`INSERT INTO ${END} VALUES (1)`);

    const events = await changed.events();
    const tables = cases.map(({ name }) => name).filter((name) => !LOST.has(name));
    const decoded = await readWithZongji(source.serverUrl, {
      from: changed.readFrom,
      database: source.database,
      tables,
      until: END,
    });
    for (const name of tables) {
      await t.test(name, async () => {
        const plan = await changed.plan(name);
        const theirs = theirImages(plan, decoded.get(name) ?? []);
        const ours = ourImages(plan, changed.decode(plan, events), theirs);
        assert.ok(ours.length > 2 * ROWS);
        const known = WRONG.find(
          (entry) => entry.table === name && (entry.flavour ?? flavour) === flavour,
        );
        assertSame(ours, theirs, known);
      });
    }
  });
}
