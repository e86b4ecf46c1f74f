import type { TablePlan } from '../../model/column-plan.js';
import type { SourceSession } from '../connect.js';
import { readMultiByteConversion, isMultiByteSet } from './multi-byte-sets.js';
import {
  MAX_GROWTH,
  SingleByteConversion,
  type TextConversion,
  UNKNOWN,
  Utf16Conversion,
  Utf32Conversion,
} from './text-conversion.js';

/** Their bytes are UTF-8 already; of `binary` nobody says what they are. */
const COPIED = new Set(['utf8mb4', 'utf8mb3', 'utf8', 'ascii', 'binary']);

const UNICODE: readonly (readonly [name: string, conversion: TextConversion])[] = [
  ['ucs2', new Utf16Conversion(false, false)],
  ['utf16', new Utf16Conversion(false, true)],
  ['utf16le', new Utf16Conversion(true, true)],
  ['utf32', new Utf32Conversion()],
];

interface CollationRow {
  readonly id: string | number;
  readonly characterSet: string;
}

/**
 * The server's character sets: what its collations' numbers mean, and how text of each becomes UTF-8
 * exactly as the server itself converts it for a client.
 */
export class CharacterSets {
  private readonly conversions = new Map<string, TextConversion>(UNICODE);

  private constructor(private readonly names: ReadonlyMap<number, string>) {}

  /** Knows all sets afterwards but those of several bytes a character, which `prepare` reads. */
  static async read(session: SourceSession): Promise<CharacterSets> {
    const collations = await readCollations(session);
    const sets = new CharacterSets(
      new Map(collations.map(({ id, characterSet }) => [Number(id), characterSet])),
    );
    await sets.readSingleByteSets(session);
    return sets;
  }

  /** Reads the large tables that these tables' columns need; to be awaited before they are decoded. */
  async prepare(session: SourceSession, plans: readonly TablePlan[]): Promise<void> {
    const names = plans.flatMap(({ schema }) =>
      schema.columns.map((column) => column.characterSet),
    );
    for (const name of new Set(names)) {
      if (name === null || this.conversions.has(name) || !isMultiByteSet(name)) continue;
      this.conversions.set(name, await readMultiByteConversion(session, name));
    }
  }

  /** The character set of a collation; null where the server did not name it. */
  nameOf(collation: number): string | null {
    return this.names.get(collation) ?? null;
  }

  /** How the collation's text becomes UTF-8; null where it is UTF-8. */
  conversionOf(collation: number): TextConversion | null {
    const name = this.nameOf(collation);
    if (name !== null && COPIED.has(name)) return null;
    const conversion = name === null ? undefined : this.conversions.get(name);
    if (conversion !== undefined) return conversion;
    throw new Error(
      `text of the character set ${name ?? `of collation ${collation}`} is not known`,
    );
  }

  /** Short text, such as an ENUM's member, as UTF-8. */
  toUtf8(collation: number, text: Uint8Array): Uint8Array {
    const conversion = this.conversionOf(collation);
    if (conversion === null) return text;
    const utf8 = new Uint8Array(text.length * MAX_GROWTH);
    return utf8.subarray(0, conversion.convert(text, 0, text.length, utf8, 0));
  }

  private async readSingleByteSets(session: SourceSession): Promise<void> {
    const sets = await session.query<{ name: string }>(
      `SELECT character_set_name AS name FROM information_schema.character_sets WHERE maxlen = 1`,
    );
    const names = sets.map(({ name }) => name).filter((name) => !COPIED.has(name));
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('hex');
    const columns = names.map(
      (name) => `HEX(CONVERT(_${name} x'${bytes}' USING utf8mb4)) AS ${name}`,
    );
    const rows = await session.query<Record<string, string>>(`SELECT ${columns.join(', ')}`);
    for (const name of names) {
      const characters = Array.from(Buffer.from(rows[0][name], 'hex').toString('utf8'));
      if (characters.length !== 256) {
        throw new Error(`the server converts the 256 bytes of ${name} to ${characters.length}`);
      }
      const codes = characters.map((character) => character.codePointAt(0) ?? UNKNOWN);
      this.conversions.set(name, new SingleByteConversion(Uint16Array.from(codes)));
    }
  }
}

/** MariaDB's list of collations lacks the numbers of those that several character sets have. */
async function readCollations(session: SourceSession): Promise<CollationRow[]> {
  const rows = await session.query<CollationRow>(
    `SELECT id AS id, character_set_name AS characterSet FROM information_schema.collations
      WHERE id IS NOT NULL AND character_set_name IS NOT NULL`,
  );
  if (!session.isMariaDb) return rows;
  const applicable = await session.query<{ Field: string }>(
    'SHOW COLUMNS FROM information_schema.collation_character_set_applicability',
  );
  if (!applicable.some(({ Field }) => Field.toLowerCase() === 'id')) return rows;
  return session.query<CollationRow>(
    `SELECT id AS id, character_set_name AS characterSet
       FROM information_schema.collation_character_set_applicability`,
  );
}
