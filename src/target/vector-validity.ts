import duckdb from '@duckdb/node-bindings';

/** Of the vector's first `size` values a bit each, the lowest first; null: all of them are there. */
export function validityOf(vector: duckdb.Vector, size: number): Uint8Array | null {
  return duckdb.vector_get_validity(vector, ((size + 63) >> 6) * 8);
}

/** Whether the value is there, or NULL. */
export function isValid(validity: Uint8Array | null, at: number): boolean {
  return validity === null || (validity[at >> 3] & (1 << (at & 7))) !== 0;
}
