import * as v from 'valibot';
import { DucktailError } from '../common/errors.js';

const position = v.object({
  sourceIdentity: v.string(),
  gtidSet: v.nullable(v.string()),
  file: v.string(),
  position: v.number(),
  /** When the source made that file; ISO 8601, UTC. Another time means another file of its name. */
  fileTime: v.optional(v.nullable(v.string()), null),
  /** When the source had committed it; ISO 8601, UTC. */
  sourceTime: v.nullable(v.string()),
});

const manifestSchema = v.object({
  format: v.literal('ducktail-backup'),
  formatVersion: v.literal(1),
  /** duckdb: the replica's file, which can be restored. parquet: its tables, for other programs. */
  content: v.picklist(['duckdb', 'parquet']),
  createdAt: v.string(),
  replicaId: v.string(),
  versions: v.object({ ducktail: v.string(), duckdb: v.string(), storage: v.string() }),
  targetSchema: v.string(),
  /** Where the stream of changes goes on; null: the replica follows none. */
  position: v.nullable(position),
  tables: v.array(v.object({ schema: v.string(), name: v.string(), rows: v.number() })),
  encryption: v.nullable(v.literal('AES-256-GCM')),
  /** As they were before they were encrypted. */
  files: v.array(v.object({ name: v.string(), bytes: v.number(), sha256: v.string() })),
});

/** What a backup is, written behind all of it: a backup without one is not whole. */
export type Manifest = v.InferOutput<typeof manifestSchema>;
export type ManifestFile = Manifest['files'][number];
export type BackupPosition = NonNullable<Manifest['position']>;
export type BackupContent = Manifest['content'];

/** What there is beside Ducktail's own state. */
export function contentOf(tables: Manifest['tables']): { tables: number; rows: number } {
  const own = tables.filter(({ schema }) => schema !== '_ducktail');
  return { tables: own.length, rows: own.reduce((sum, { rows }) => sum + rows, 0) };
}

export const MANIFEST = 'manifest.json';
export const SEALED = '.enc';
/** Of the content `duckdb`. */
export const REPLICA_FILE = 'replica.duckdb';

export function parseManifest(text: string, place: string): Manifest {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw unreadable(place, 'is no JSON document', error);
  }
  const version = (document as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof version === 'number' && version > 1) {
    throw new DucktailError('backup-damaged', `${place} was made by a later version of Ducktail`, {
      hint: 'Restore it with that version.',
    });
  }
  const result = v.safeParse(manifestSchema, document);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw unreadable(place, `is not a manifest (${v.getDotPath(issue) ?? 'it'}: ${issue.message})`);
}

function unreadable(place: string, what: string, cause?: unknown): DucktailError {
  return new DucktailError('backup-damaged', `the manifest of ${place} ${what}`, {
    cause,
    hint: 'Restore another backup.',
  });
}
