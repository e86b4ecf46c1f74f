import { HttpError } from './http-error.js';

export const RESULT_FORMATS = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  arrow: 'application/vnd.apache.arrow.stream',
  parquet: 'application/vnd.apache.parquet',
} as const;

export type ResultFormat = keyof typeof RESULT_FORMATS;

const FORMATS = Object.entries(RESULT_FORMATS) as [ResultFormat, string][];

interface Range {
  readonly type: string;
  readonly quality: number;
}

/** What the client likes best of what there is; JSON where it does not say. */
export function chooseFormat(accept: string | undefined): ResultFormat {
  const ranges = parseAccept(accept ?? '*/*');
  for (const { type, quality } of ranges) {
    if (quality === 0) continue;
    const found = FORMATS.find(([, mediaType]) => includesType(type, mediaType));
    if (found !== undefined) return found[0];
  }
  throw new HttpError(406, 'there is no such form of a result', {
    hint: `Accept one of ${FORMATS.map(([, mediaType]) => mediaType).join(', ')}.`,
  });
}

function parseAccept(accept: string): Range[] {
  const ranges = accept.split(',').map((text) => {
    const [type, ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    return { type, quality: weight === undefined ? 1 : Number(weight.slice(2)) };
  });
  return ranges.sort((a, b) => b.quality - a.quality);
}

function includesType(range: string, mediaType: string): boolean {
  if (range === '*/*' || range === mediaType) return true;
  return range.endsWith('/*') && mediaType.startsWith(range.slice(0, -1));
}
