import * as v from 'valibot';
import type { SerializedError } from '../common/errors.js';
import type { BackupResult } from '../keep/backup.js';
import type { CompactionResult } from '../keep/compaction.js';
import type { SyncResult } from '../model/sync-result.js';
import type { QueryColumn } from '../target/read-only.js';
import type { TableVerification, VerifyResult } from '../verify/verify-result.js';
import type { Status } from './status.js';
import type { SyncEvent } from './sync-events.js';

/**
 * What a service and its clients say to each other over the control socket: JSON, one document a
 * line. A client sends one request; the service answers with any number of events and then one
 * result or error, and closes. A client that goes away takes its request back.
 */
export const requestSchema = v.variant('call', [
  v.strictObject({ call: v.literal('status') }),
  v.strictObject({ call: v.literal('query'), sql: v.string() }),
  v.strictObject({
    call: v.literal('sync'),
    tables: v.pipe(v.array(v.string()), v.readonly()),
    mode: v.picklist(['automatic', 'full', 'incremental', 'cdc']),
    deletes: v.nullable(v.boolean()),
  }),
  v.strictObject({
    call: v.literal('verify'),
    tables: v.pipe(v.array(v.string()), v.readonly()),
    repair: v.boolean(),
  }),
  v.strictObject({
    call: v.literal('backup'),
    /** Seen from the service: an absolute path, or `s3://…`. */
    target: v.nullable(v.string()),
    content: v.nullable(v.picklist(['duckdb', 'parquet'])),
    /** The client has a key; which one counts is the service's matter. */
    mustEncrypt: v.boolean(),
  }),
  v.strictObject({ call: v.literal('compact') }),
]);

export type ControlRequest = v.InferOutput<typeof requestSchema>;
export type CallName = ControlRequest['call'];
export type RequestOf<Name extends CallName> = Extract<ControlRequest, { call: Name }>;

/** Events and result of each call. */
export interface ControlReplies {
  readonly status: { readonly event: never; readonly result: Status };
  readonly query: { readonly event: QueryEvent; readonly result: null };
  readonly sync: { readonly event: SyncEvent; readonly result: SyncResult };
  readonly backup: { readonly event: never; readonly result: BackupResult };
  readonly compact: { readonly event: never; readonly result: CompactionResult };
  readonly verify: { readonly event: VerifyEvent; readonly result: VerifyResult };
}

/** A result in parts: its columns once, then its rows. */
export type QueryEvent =
  { readonly columns: readonly QueryColumn[] } | { readonly rows: readonly (readonly unknown[])[] };

export type VerifyEvent = { readonly started: string } | { readonly verified: TableVerification };

export type ControlMessage<Name extends CallName> =
  | { readonly event: ControlReplies[Name]['event'] }
  | { readonly result: ControlReplies[Name]['result'] }
  | { readonly error: SerializedError };
