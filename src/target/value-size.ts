import type { TreeNode } from './tree-node.js';

/** Of one value of a query. */
const MOST_TEXT_BYTES = 64e6;
/** Measured: where DuckDB computes it beforehand, a list takes 95 bytes for each of its numbers. */
const MOST_ELEMENTS = 1e6;

/** A number of blanks that a format asks for, as `%1000d` and `{:1000d}` do. */
const WIDTHS = /[%{][^a-z}]*?(\d{6,})/gi;

type Size = { readonly bytes: number } | { readonly elements: number };

/**
 * Why a call makes a value that is too large; null: nothing speaks against it. DuckDB makes a single
 * value in memory that it does not count, and no interrupt ends it meanwhile. Only what is written
 * into the statement can be judged: sizes out of tables and parameters are `MemoryWatch`'s.
 */
export function judgeValueSize(call: TreeNode): string | null {
  const size = sizeOf(call);
  if (size === null) return null;
  const { function_name: name } = call;
  if ('bytes' in size) {
    if (size.bytes <= MOST_TEXT_BYTES) return null;
    return (
      `${String(name)} would make one value of ${Math.round(size.bytes / 1e6)} MB, and ` +
      `${MOST_TEXT_BYTES / 1e6} MB are the most here`
    );
  }
  if (size.elements <= MOST_ELEMENTS) return null;
  return (
    `${String(name)} would make one list of ${size.elements} elements, and ${MOST_ELEMENTS} are the ` +
    'most here; of rows there may be any number: FROM range(…)'
  );
}

/** How large a value is at the least; null: no one can tell. */
function sizeOf(node: TreeNode): Size | null {
  if (node.class === 'CAST') {
    const size = sizeOf(node.child as TreeNode);
    // `\xFF` of a BLOB is one byte.
    return size !== null && 'bytes' in size ? { bytes: size.bytes / 4 } : size;
  }
  if (node.class === 'CONSTANT') {
    const text = constantOf(node);
    return typeof text === 'string' ? { bytes: text.length } : null;
  }
  if (typeof node.function_name !== 'string') return null;
  const children = node.children as readonly TreeNode[];
  return CALLS[node.function_name.toLowerCase()]?.(children) ?? null;
}

/** What comes of a call with these arguments. */
const CALLS: Readonly<Record<string, (given: readonly TreeNode[]) => Size | null>> = {
  range: steps,
  generate_series: steps,
  list_value: ({ length }) => ({ elements: length }),
  list_resize: ([, size]) => elements(numberOf(size)),
  array_resize: ([, size]) => elements(numberOf(size)),
  repeat: ([value, count]) => {
    const times = Math.max(0, numberOf(count) ?? 0);
    const size = sizeOf(value) ?? { bytes: 1 };
    if ('elements' in size) return { elements: size.elements * times };
    return { bytes: size.bytes * times };
  },
  lpad: padded,
  rpad: padded,
  bitstring: ([, bits]) => bytes((numberOf(bits) ?? 0) / 8),
  '||': sum,
  concat: sum,
  format: ([pattern]) => widest(pattern),
  printf: ([pattern]) => widest(pattern),
};

function steps(given: readonly TreeNode[]): Size | null {
  const [first, last, step] = given.map(numberOf);
  if (given.length === 1) return elements(first);
  if (first === null || last === null || step === null) return null;
  return elements(Math.abs((last - first) / (step ?? 1)));
}

function padded([, length]: readonly TreeNode[]): Size | null {
  return bytes(numberOf(length));
}

function sum(parts: readonly TreeNode[]): Size {
  let total = 0;
  for (const part of parts) {
    const size = sizeOf(part);
    if (size !== null && 'elements' in size) return size;
    total += size?.bytes ?? 0;
  }
  return { bytes: total };
}

function widest(pattern: TreeNode): Size | null {
  const text = constantOf(pattern);
  if (typeof text !== 'string') return null;
  const widths = Array.from(text.matchAll(WIDTHS), ([, width]) => Number(width));
  return bytes(Math.max(0, ...widths));
}

function elements(count: number | null | undefined): Size | null {
  return count === null || count === undefined ? null : { elements: count };
}

function bytes(count: number | null): Size | null {
  return count === null ? null : { bytes: count };
}

const OPERATORS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '//': (a, b) => Math.trunc(a / b),
  '**': (a, b) => a ** b,
  '^': (a, b) => a ** b,
  '<<': (a, b) => a * 2 ** b,
  pow: (a, b) => a ** b,
  power: (a, b) => a ** b,
};

/** Of a number that is written down, or simple arithmetic with such; null: it is something else. */
function numberOf(node: TreeNode | undefined): number | null {
  if (node === undefined) return null;
  if (node.class === 'CAST') return numberOf(node.child as TreeNode);
  if (node.class === 'CONSTANT') {
    const value = constantOf(node);
    const number = typeof value === 'boolean' ? NaN : Number(value ?? NaN);
    return Number.isFinite(number) ? number : null;
  }
  const operator = OPERATORS[String(node.function_name).toLowerCase()];
  if (operator === undefined) return null;
  const [left, right] = (node.children as readonly TreeNode[]).map(numberOf);
  if (left === null || right === null) return null;
  return right === undefined ? operator(0, left) : operator(left, right);
}

/** Numbers as such, but for the widest. */
function constantOf(node: TreeNode): unknown {
  if (node.class !== 'CONSTANT') return null;
  const { value, type } = node.value as TreeNode;
  const { id, type_info: info } = (type ?? {}) as TreeNode;
  if (typeof value === 'object' && value !== null && 'upper' in value) {
    return Number((value as TreeNode).upper) * 2 ** 64 + Number((value as TreeNode).lower);
  }
  if (id !== 'DECIMAL') return value;
  return Number(value) / 10 ** Number(((info ?? {}) as TreeNode).scale ?? 0);
}
