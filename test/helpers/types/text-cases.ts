import { expressions, quoted, type TypeCase, type TypeValue } from './type-case.js';

/**
 * Around the bounds that copying knows: strings up to 12 bytes lie inside DuckDB's string, longer
 * ones are copied by words up to 160 bytes and natively beyond.
 */
const LENGTHS = [0, 1, 3, 4, 5, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 159, 160, 161, 162, 300];

/** What a row packet of `id` and `v` has besides a text of 16 MB: a zero, NULL bits, INT, a length. */
const PACKET_OVERHEAD_BYTES = 1 + 1 + 4 + 4;

/** `bytes` long, all different enough that a misplaced byte shows. */
function asciiOfLength(bytes: number): string {
  return Array.from({ length: bytes }, (_, i) => String.fromCharCode(0x61 + ((i * 7) % 26))).join(
    '',
  );
}

function lengthsCase(name: string, last: string): TypeCase {
  const lastBytes = Buffer.byteLength(last);
  const texts = LENGTHS.filter((length) => length >= lastBytes).map(
    (length) => asciiOfLength(length - lastBytes) + last,
  );
  return { name, ddl: 'VARCHAR(300)', values: quoted(...texts) };
}

const utf8Cases: TypeCase[] = [
  { name: 'text_char', ddl: 'CHAR(10)', values: quoted('', 'a', 'abcdefghij', 'ä😀') },
  {
    name: 'text_char_trailing_spaces',
    ddl: 'CHAR(10)',
    values: [
      { sql: `'abc   '`, text: 'abc' },
      { sql: `'   '`, text: '' },
      { sql: `'  abc'`, text: '  abc' },
    ],
  },
  {
    name: 'text_varchar',
    ddl: 'VARCHAR(100)',
    values: [
      ...quoted(
        '',
        ' ',
        'abc   ',
        'NULL',
        'null',
        '\\N',
        "it's",
        '"quoted"',
        'a|b,c;d',
        'line\nbreak',
      ),
      ...quoted('\t', 'Ünïcödé', '日本語テキスト', '😀😁😂', '👩‍👩‍👧‍👦', 'e\u0301', 'שלום', '\u202e'),
    ].map((value) => ({ ...value, sql: value.sql.replaceAll('\\', '\\\\') })),
  },
  {
    name: 'text_odd_characters',
    ddl: 'VARCHAR(100)',
    // NUL, a byte order mark, the replacement character, noncharacters, the last code point.
    values: expressions(
      ...[`_utf8mb4 x'00'`, `_utf8mb4 x'610062'`, `_utf8mb4 x'EFBBBF61'`, `_utf8mb4 x'EFBFBD'`],
      ...[`_utf8mb4 x'EFBFBF'`, `_utf8mb4 x'EFB790'`, `_utf8mb4 x'F48FBFBF'`, `_utf8mb4 x'7F'`],
      ...[`_utf8mb4 x'C280'`, `_utf8mb4 x'DFBF'`, `_utf8mb4 x'E0A080'`, `_utf8mb4 x'F0908080'`],
    ),
  },
  lengthsCase('text_lengths_ascii', ''),
  lengthsCase('text_lengths_accent_last', 'é'),
  lengthsCase('text_lengths_emoji_last', '😀'),
  {
    name: 'text_lengths_accent_first',
    ddl: 'VARCHAR(300)',
    values: quoted(...LENGTHS.filter((n) => n >= 2).map((n) => `é${asciiOfLength(n - 2)}`)),
  },
  { name: 'text_tinytext', ddl: 'TINYTEXT', values: expressions(`''`, `REPEAT('t', 255)`) },
  {
    name: 'text_text',
    ddl: 'TEXT',
    values: [
      ...expressions(`''`, `'short'`, `REPEAT('ab', 500)`, `REPEAT('ü', 2000)`),
      ...once(`REPEAT('x', 65535)`, `CONCAT(REPEAT('é', 32767), 'x')`),
    ],
  },
  {
    name: 'text_mediumtext',
    ddl: 'MEDIUMTEXT',
    values: [...expressions(`''`, `'m'`), ...once(`REPEAT('😀', 65536)`, `REPEAT('y', 1000003)`)],
  },
  {
    // Packets of more than 16 MB are cut in two, of more than 32 MB in three.
    name: 'text_longtext',
    ddl: 'LONGTEXT',
    values: [
      ...expressions(`''`, `'long'`),
      ...once(
        `REPEAT('0123456789abcdef', ${(17 * 2 ** 20) / 16})`,
        `CONCAT(REPEAT('0123456789abcdé', ${(33 * 2 ** 20) / 16}), '!')`,
        // The row's packet is 2^24 - 1 bytes, which another, empty packet has to follow.
        `REPEAT('=', ${2 ** 24 - 1 - PACKET_OVERHEAD_BYTES})`,
      ),
    ],
  },
];

function once(...sql: readonly string[]): TypeValue[] {
  return sql.map((one) => ({ sql: one, once: true }));
}

const collationCases: TypeCase[] = [
  ...[
    ['ci', 'utf8mb4_unicode_ci'],
    ['bin', 'utf8mb4_bin'],
    ['general', 'utf8mb4_general_ci'],
  ].map(([name, collation]) => ({
    name: `text_collation_${name}`,
    ddl: `VARCHAR(20) CHARACTER SET utf8mb4 COLLATE ${collation}`,
    values: quoted('a', 'A', 'ä', 'Ä', 'a ', 'ß', 'ss', '😀'),
  })),
  {
    name: 'text_collation_0900',
    flavours: ['mysql'],
    ddl: 'CHAR(20) COLLATE utf8mb4_0900_as_cs',
    values: quoted('a', 'A', 'ä', '😀'),
  },
];

/** A column character set and values as bytes in it. */
function charsetCase(characterSet: string, ...hex: readonly string[]): TypeCase {
  return {
    name: `charset_${characterSet}`,
    ddl: `VARCHAR(40) CHARACTER SET ${characterSet}`,
    values: [
      { sql: `''`, text: '' },
      ...hex.map((bytes) => ({ sql: `_${characterSet} x'${bytes}'` })),
    ],
  };
}

const charsetCases: TypeCase[] = [
  // C328 and F0288CBC would be invalid if they were taken for UTF-8.
  charsetCase('latin1', 'E9FF80', 'C328', 'F0288CBC', 'A0', '818D8F', '6162630020'),
  charsetCase('latin2', 'B1E6EA', 'C328'),
  charsetCase('cp1251', 'CFF0E8E2E5F2', 'A8B8FF', 'C328'),
  charsetCase('cp1250', '9A9E8A8E', 'E9'),
  charsetCase('koi8r', 'F0D2C9D7C5D4'),
  charsetCase('ascii', '61626300', '7F'),
  charsetCase('swe7', '5B5C5D7B7C7D'),
  charsetCase('utf8mb3', 'C3A9', 'E282AC', 'E38182'),
  charsetCase('ucs2', '004100E9', '20AC3042', '0000'),
  charsetCase('utf16', '004100E9', 'D83DDE00', '20AC0041D83DDE01'),
  charsetCase('utf16le', '4100E900', '3DD800DE'),
  charsetCase('utf32', '00000041', '0001F600'),
  charsetCase('gbk', 'C4E3BAC3', '615C62', 'D65C'),
  charsetCase('big5', 'A741A66E', 'A45C'),
  charsetCase('sjis', '82A082A2', '835C', 'B1B2', '5C7E'),
  charsetCase('cp932', '82A0875F', '835C', 'FA40'),
  charsetCase('euckr', 'BEC8B3E7'),
  charsetCase('ujis', 'A4A2A4A4', '8FB0A1', '8EB1'),
  {
    // Half a surrogate pair: UCS-2 has it, UTF-8 has not.
    name: 'text_half_surrogate',
    ddl: 'VARCHAR(20) CHARACTER SET ucs2',
    values: [
      { sql: `_ucs2 x'D800'`, text: null, rejected: 'invalid UTF-8' },
      { sql: `_ucs2 x'0041DC000042'`, text: null, rejected: 'invalid UTF-8' },
      {
        sql: `CONCAT(REPEAT(_ucs2 x'0041', 15), _ucs2 x'DFFF')`,
        text: null,
        rejected: 'invalid UTF-8',
      },
      { sql: `_ucs2 x'D7FF'`, text: '\ud7ff' },
      { sql: `_ucs2 x'E000'`, text: '\ue000' },
    ],
  },
  {
    // MariaDB stores it in UTF-8 columns, too.
    name: 'text_half_surrogate_utf8',
    flavours: ['mariadb'],
    ddl: 'VARCHAR(200)',
    values: [
      { sql: `x'EDA080'`, text: null, rejected: 'invalid UTF-8' },
      { sql: `CONCAT(REPEAT('a', 180), x'EDBFBF')`, text: null, rejected: 'invalid UTF-8' },
      { sql: `x'ED9FBF'`, text: '\ud7ff' },
    ],
  },
];

const SET_OF_64 = Array.from({ length: 64 }, (_, i) => `m${i}`);

const choiceCases: TypeCase[] = [
  {
    name: 'enum_values',
    ddl: `ENUM('', 'a', 'b,c', 'it''s', 'with "quotes"', 'back\\\\slash', ' space', 'Ünï😀', 'NULL')`,
    values: [
      ...quoted('', 'a', 'b,c', "it's", 'with "quotes"', ' space', 'Ünï😀', 'NULL'),
      { sql: `'back\\\\slash'`, text: 'back\\slash' },
    ],
  },
  {
    // Without strict mode a wrong value is index 0, which prints as the empty string.
    name: 'enum_invalid_index',
    ddl: `ENUM('a', 'b')`,
    values: [
      { sql: `'no such value'`, text: '' },
      { sql: '0', text: '' },
      { sql: '2', text: 'b' },
    ],
  },
  {
    name: 'enum_latin1',
    ddl: `ENUM('é', 'ü') CHARACTER SET latin1`,
    values: quoted('é', 'ü'),
  },
  {
    name: 'set_values',
    ddl: `SET('a', 'b''c', '"d"', 'é f', '')`,
    values: [...quoted('', 'a', "a,b'c", '"d",é f'), { sql: '15', text: `a,b'c,"d",é f` }],
  },
  {
    name: 'set_of_64',
    ddl: `SET(${SET_OF_64.map((member) => `'${member}'`).join(', ')})`,
    values: [
      { sql: '0', text: '' },
      { sql: '1', text: 'm0' },
      { sql: '9223372036854775808', text: 'm63' },
      { sql: '18446744073709551615', text: SET_OF_64.join(',') },
    ],
  },
];

export const textCases: readonly TypeCase[] = [
  ...utf8Cases,
  ...collationCases,
  ...charsetCases,
  ...choiceCases,
];
