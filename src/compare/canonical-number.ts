import {
  type ColumnSubject,
  type Form,
  marked,
  number,
  numbersOnly,
  shownPair,
} from './canonical-form.js';

const MAX_NUMBER_DIGITS = 18;

export function integerForm(subject: ColumnSubject): Form {
  const { source, replica, plan, schema } = subject;
  const bits = plan.layout.kind === 'fixed' ? plan.layout.bytes * 8 : 64;
  const isUnsigned = plan.duckdbType.startsWith('U') || schema.dataType === 'year';
  return {
    ...numbersOnly(number(subject, { source, replica }, bits, isUnsigned)),
    // ZEROFILL pads the text alone.
    shown: shownPair(`CAST(${source} + 0 AS CHAR)`, `CAST(${replica} AS VARCHAR)`),
  };
}

export function booleanForm(subject: ColumnSubject, source: string): Form {
  const { replica } = subject;
  const pair = { source, replica: `CAST(${replica} AS INTEGER)` };
  return {
    ...numbersOnly(number(subject, pair, 8, true)),
    shown: shownPair(
      `CASE ${source} WHEN 0 THEN 'false' WHEN 1 THEN 'true' END`,
      `CAST(${replica} AS VARCHAR)`,
    ),
  };
}

/** Up to 18 digits as the whole number without the point; more as text. */
export function decimalForm(subject: ColumnSubject, scale: number): Form {
  const { source, replica, schema } = subject;
  const precision = schema.numericPrecision ?? 10;
  if (precision <= MAX_NUMBER_DIGITS) {
    const factor = `1${'0'.repeat(scale)}`;
    // DuckDB multiplies in 18 digits where both factors have no more.
    const wide =
      precision + scale < MAX_NUMBER_DIGITS ? replica : `CAST(${replica} AS DECIMAL(38,${scale}))`;
    const bits = Math.ceil(Math.log2(10 ** precision)) + 1;
    const pair = {
      source: `CAST(${source}${scale === 0 ? '' : ` * ${factor}`} AS SIGNED)`,
      replica: scale === 0 ? `CAST(${replica} AS BIGINT)` : `CAST(${wide} * ${factor} AS BIGINT)`,
    };
    return numbersOnly(number(subject, pair, bits, false));
  }
  // The cast takes the padding of ZEROFILL away. DuckDB prints no zero before the point where it
  // can hold none.
  const text = `CAST(${replica} AS VARCHAR)`;
  return marked(
    `CAST(CAST(${source} AS DECIMAL(${precision},${scale})) AS CHAR)`,
    precision === scale ? `regexp_replace(${text}, '^(-?)\\.', '\\10.')` : text,
  );
}

/**
 * A double's bits by way of well-known binary, least significant byte first. MariaDB stores a
 * negative zero and shows it to nobody.
 */
export function floatForm({ source, replica, options }: ColumnSubject): Form {
  const value = options.isMariaDb ? `${source} + 0e0` : source;
  return marked(
    `HEX(REVERSE(SUBSTRING(ST_AsWKB(POINT(${value}, 0)), 6, 8)))`,
    `hex(CAST(CAST(CAST(${replica} AS DOUBLE) AS BIT) AS BLOB))`,
  );
}
