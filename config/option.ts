import * as v from 'valibot';
import type { ValueSchema } from './value-schemas.js';

/** One environment variable. */
export interface EnvironmentOption<Value> {
  readonly name: string;
  /** From the text of a set variable; its messages complete the sentence `<name> <message>`. */
  readonly schema: ValueSchema<Value>;
  /** What an unset or empty variable means; null where it must be set. */
  readonly whenUnset: { readonly value: Value; readonly words: string } | null;
  /** One sentence for the operator. */
  readonly doc: string;
  /** True where the value must never be printed. */
  readonly secret: boolean;
}

interface Details {
  readonly doc: string;
  readonly secret?: boolean;
}

export function required<Value>(
  name: string,
  schema: ValueSchema<Value>,
  { doc, secret = false }: Details,
): EnvironmentOption<Value> {
  return { name, schema, whenUnset: null, doc, secret };
}

export function withDefault<Value>(
  name: string,
  schema: ValueSchema<Value>,
  text: string,
  { doc, secret = false }: Details,
): EnvironmentOption<Value> {
  return { name, schema, whenUnset: { value: v.parse(schema, text), words: text }, doc, secret };
}

/** For defaults that no text stands for, told in words. */
export function automatic<Value>(
  name: string,
  schema: ValueSchema<Value>,
  value: Value,
  words: string,
  { doc, secret = false }: Details,
): EnvironmentOption<Value> {
  return { name, schema, whenUnset: { value, words }, doc, secret };
}
