/**
 * The sanitizer of the classic way: gets rows as objects by structured clone, gives back rows as
 * arrays of the values that the Appender takes.
 */

export type ClassicKind = 'bigint' | 'integer' | 'boolean' | 'decimal' | 'text' | 'timestamp';
export type ClassicValue = bigint | number | boolean | string | null;

export interface ClassicColumn {
  readonly name: string;
  readonly kind: ClassicKind;
}

export interface ClassicTask {
  readonly columns: readonly ClassicColumn[];
  readonly rows: readonly Record<string, unknown>[];
}

export default function sanitizeRows({ columns, rows }: ClassicTask): ClassicValue[][] {
  return rows.map((row) => columns.map(({ name, kind }) => sanitize(row[name], kind)));
}

function sanitize(value: unknown, kind: ClassicKind): ClassicValue {
  if (value === null || value === undefined) return null;
  switch (kind) {
    case 'bigint':
      return BigInt(value as number | string);
    case 'integer':
      return Number.isFinite(value) ? (value as number) : null;
    case 'boolean':
      return value !== 0;
    case 'decimal':
      // The digits without the point: what a DECIMAL is made of.
      return BigInt(String(value).replace('.', ''));
    case 'text':
      return String(value);
    case 'timestamp':
      return microseconds(String(value));
  }
}

/** From `2024-01-31 12:00:00[.ffffff]`; null for zero and partial dates. */
function microseconds(text: string): bigint | null {
  const milliseconds = Date.parse(`${text.slice(0, 10)}T${text.slice(11, 19)}Z`);
  if (Number.isNaN(milliseconds)) return null;
  return BigInt(milliseconds) * 1000n + BigInt(text.slice(20).padEnd(6, '0'));
}
