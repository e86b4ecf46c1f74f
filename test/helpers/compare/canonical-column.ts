import type { Flavour } from '../../servers/test-server.js';
import type { SourceColumn } from './source-layout.js';

/**
 * The types table of the design, written a second time as SQL: how each type is stored, and one
 * ASCII text for each value that both databases can make by themselves. Byte strings and texts are
 * compared as hex of their (UTF-8) bytes, floats by their bits, times in microseconds.
 */
export interface CanonicalColumn {
  readonly name: string;
  /** The DuckDB type that the column has to have. */
  readonly replicaType: string;
  /** MySQL expression; NULL for what the replica's type cannot hold. */
  readonly source: string;
  /** DuckDB expression. */
  readonly replica: string;
  /** MySQL condition for the values that have to be recorded as rejected; null where none can be. */
  readonly rejectedWhen: string | null;
  readonly isHexText: boolean;
}

export interface ComparedTypes {
  readonly tinyint1As: 'boolean' | 'tinyint';
  readonly timeAs: 'time' | 'interval';
  readonly timestampAs: 'timestamp' | 'timestamptz';
}

export const DEFAULT_TYPES: ComparedTypes = {
  tinyint1As: 'boolean',
  timeAs: 'time',
  timestampAs: 'timestamp',
};

type Form = Omit<CanonicalColumn, 'name' | 'isHexText' | 'rejectedWhen'> &
  Partial<Pick<CanonicalColumn, 'isHexText' | 'rejectedWhen'>>;

/** Beyond this a value is compared by its hash, so that huge values don't double in size. */
const MAX_HEX_BYTES = 4096;

export function canonicalColumn(
  column: SourceColumn,
  flavour: Flavour,
  types: ComparedTypes,
): CanonicalColumn {
  const form = chooseForm(column, flavour, types);
  return { isHexText: false, rejectedWhen: null, ...form, name: column.name };
}

export function quoteSourceName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

export function quoteReplicaName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function chooseForm(column: SourceColumn, flavour: Flavour, types: ComparedTypes): Form {
  const s = quoteSourceName(column.name);
  const r = quoteReplicaName(column.name);
  const unsigned = column.columnType.includes('unsigned');
  const sizes: Record<string, string> = {
    tinyint: 'TINYINT',
    smallint: 'SMALLINT',
    mediumint: 'INTEGER',
    int: 'INTEGER',
    bigint: 'BIGINT',
  };
  switch (column.dataType) {
    case 'tinyint':
      if (types.tinyint1As === 'boolean' && column.columnType === 'tinyint(1)') {
        return {
          ...booleanForm(s, r, `${s} <> 0`),
          rejectedWhen: `${s} NOT IN (0, 1)`,
        };
      }
      return integerForm(s, r, 'TINYINT', unsigned);
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
      return integerForm(s, r, sizes[column.dataType], unsigned);
    case 'year':
      return { ...integerForm(s, r, 'SMALLINT', true), replicaType: 'SMALLINT' };
    case 'bit':
      return column.precision === 1
        ? booleanForm(s, r, `${s} = b'1'`)
        : integerForm(s, r, 'BIGINT', true);
    case 'decimal':
      return decimalForm(s, r, column);
    case 'float':
    case 'double':
      return floatForm(s, r, column.dataType, flavour);
    case 'date':
    case 'datetime':
    case 'timestamp':
      return dateForm(s, r, column.dataType, types);
    case 'time':
      return timeForm(s, r, types);
    case 'binary':
    case 'varbinary':
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
      return bytesForm(s, r, 'BLOB');
    case 'vector':
      return vectorForm(s, r);
    case 'uuid':
      return {
        replicaType: 'UUID',
        source: `CAST(${s} AS CHAR)`,
        replica: `CAST(${r} AS VARCHAR)`,
      };
    default:
      return isGeometry(column.dataType)
        ? geometryForm(s, r, flavour)
        : textForm(s, r, column, flavour);
  }
}

function booleanForm(source: string, replica: string, isTrue: string): Form {
  return {
    replicaType: 'BOOLEAN',
    source: `CASE WHEN ${source} IS NULL THEN NULL WHEN ${isTrue} THEN 'true' ELSE 'false' END`,
    replica: `CAST(${replica} AS VARCHAR)`,
  };
}

/** The inner cast takes ZEROFILL away. */
function integerForm(source: string, replica: string, type: string, unsigned: boolean): Form {
  return {
    replicaType: unsigned ? `U${type}` : type,
    source: `CAST(CAST(${source} AS ${unsigned ? 'UNSIGNED' : 'SIGNED'}) AS CHAR)`,
    replica: `CAST(${replica} AS VARCHAR)`,
  };
}

/** DuckDB leaves out the zero before the point where no digit can stand there. */
function decimalForm(source: string, replica: string, { precision, scale }: SourceColumn): Form {
  const declared = `DECIMAL(${precision},${scale})`;
  const text = `CAST(${replica} AS VARCHAR)`;
  return {
    replicaType: precision > 38 ? 'VARCHAR' : declared,
    source: `CAST(CAST(${source} AS ${declared}) AS CHAR)`,
    replica:
      precision === scale && precision <= 38
        ? `regexp_replace(${text}, '^(-?)\\.', '\\10.')`
        : text,
  };
}

/**
 * Well-known binary holds a double's bits, least significant byte first. MariaDB prints a negative
 * zero, and sends it, as zero.
 */
function floatForm(
  source: string,
  replica: string,
  dataType: 'float' | 'double',
  flavour: Flavour,
): Form {
  const shown = flavour === 'mariadb' ? `${source} + 0e0` : source;
  return {
    replicaType: dataType.toUpperCase(),
    source: `HEX(REVERSE(SUBSTRING(ST_AsWKB(POINT(${shown}, 0)), 6, 8)))`,
    replica: `hex(CAST(CAST(CAST(${replica} AS DOUBLE) AS BIT) AS BLOB))`,
  };
}

function dateForm(
  s: string,
  r: string,
  dataType: 'date' | 'datetime' | 'timestamp',
  types: ComparedTypes,
): Form {
  const february = `IF(YEAR(${s}) % 4 = 0 AND (YEAR(${s}) % 100 <> 0 OR YEAR(${s}) % 400 = 0), 29, 28)`;
  const lastDay = `ELT(MONTH(${s}), 31, ${february}, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)`;
  const exists = `(YEAR(${s}) > 0 AND MONTH(${s}) > 0 AND DAY(${s}) > 0 AND DAY(${s}) <= ${lastDay})`;
  const zoned = dataType === 'timestamp' && types.timestampAs === 'timestamptz';
  const utc = zoned ? `make_timestamp(epoch_us(${r}))` : r;
  const format = dataType === 'date' ? '%Y-%m-%d' : '%Y-%m-%d %H:%i:%s.%f';
  const name = zoned ? 'TIMESTAMP WITH TIME ZONE' : 'TIMESTAMP';
  return {
    replicaType: dataType === 'date' ? 'DATE' : name,
    source: `IF(${exists}, DATE_FORMAT(${s}, '${format}'), NULL)`,
    replica: `strftime(${utc}, '${format.replace('%i:%s', '%M:%S')}')`,
    rejectedWhen: `NOT ${exists}`,
  };
}

function timeForm(s: string, r: string, types: ComparedTypes): Form {
  // Not TIME_TO_SEC: MariaDB's has the microseconds, MySQL's has not.
  const seconds = `(HOUR(${s}) * 3600 + MINUTE(${s}) * 60 + SECOND(${s}))`;
  const negative = `${s} < CAST('00:00:00' AS TIME(6))`;
  const micros = `CAST(IF(${negative}, -1, 1) * (${seconds} * 1000000 + MICROSECOND(${s})) AS CHAR)`;
  const replica = `CAST(epoch_us(${r}) AS VARCHAR)`;
  if (types.timeAs === 'interval') return { replicaType: 'INTERVAL', source: micros, replica };
  const outside = `(${negative} OR HOUR(${s}) >= 24)`;
  return {
    replicaType: 'TIME',
    source: `IF(${outside}, NULL, ${micros})`,
    replica,
    rejectedWhen: outside,
  };
}

function bytesForm(source: string, replica: string, replicaType: string): Form {
  return {
    replicaType,
    source: hexOrHash(source),
    replica:
      `CASE WHEN octet_length(${replica}) > ${MAX_HEX_BYTES} ` +
      `THEN 'sha256:' || sha256(${replica}) ELSE hex(${replica}) END`,
  };
}

function hexOrHash(value: string): string {
  return (
    `IF(LENGTH(${value}) > ${MAX_HEX_BYTES}, ` +
    `CONCAT('sha256:', SHA2(${value}, 256)), HEX(${value}))`
  );
}

/** 32-bit floats, each as its bits. */
function vectorForm(source: string, replica: string): Form {
  const bits = `hex(CAST(CAST(x AS BIT) AS BLOB))`;
  const reversed = `array_to_string(list_reverse(list_transform(${replica}, x -> ${bits})), '')`;
  return {
    replicaType: 'FLOAT[]',
    source: `HEX(REVERSE(UNHEX(HEX(${source}))))`,
    replica: reversed,
  };
}

function isGeometry(dataType: string): boolean {
  return /^(geometry|point|linestring|polygon|multi\w+|geom(etry)?collection)$/.test(dataType);
}

/**
 * Coordinates in the order in which they are stored: MySQL swaps them for geographic reference
 * systems when it prints.
 */
function geometryForm(source: string, replica: string, flavour: Flavour): Form {
  const wkb =
    flavour === 'mysql' ? `ST_AsWKB(${source}, 'axis-order=long-lat')` : `ST_AsWKB(${source})`;
  return { ...bytesForm(wkb, `ST_AsWKB(${replica})`, 'GEOMETRY') };
}

function textForm(s: string, r: string, column: SourceColumn, flavour: Flavour): Form {
  const text = column.dataType === 'json' ? `CAST(${s} AS CHAR)` : s;
  const invalid = invalidText(s, column, flavour);
  const source = hexOrHash(`CONVERT(${text} USING utf8mb4)`);
  return {
    replicaType: column.isJson ? 'JSON' : 'VARCHAR',
    source: invalid === null ? source : `IF(${invalid}, NULL, ${source})`,
    replica:
      `CASE WHEN strlen(CAST(${r} AS VARCHAR)) > ${MAX_HEX_BYTES} ` +
      `THEN 'sha256:' || sha256(CAST(${r} AS VARCHAR)) ELSE hex(CAST(${r} AS VARCHAR)) END`,
    rejectedWhen: invalid,
    isHexText: true,
  };
}

/** Half a surrogate pair, which has no UTF-8: the one invalid text that servers store. */
function invalidText(s: string, column: SourceColumn, flavour: Flavour): string | null {
  const bounded = `LENGTH(${s}) <= ${MAX_HEX_BYTES}`;
  if (column.characterSet === 'ucs2')
    return `(${bounded} AND HEX(${s}) REGEXP '^(....)*D[89ABCDEF]')`;
  if (flavour === 'mariadb' && /^utf8/.test(column.characterSet ?? '')) {
    return `(${bounded} AND HEX(${s}) REGEXP '^(..)*ED[AB]')`;
  }
  return null;
}
