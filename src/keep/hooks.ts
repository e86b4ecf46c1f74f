/** Named points of keeping a replica, for tests that stop the process or let something fail there. */
export interface KeepHooks {
  /** The replica was copied; nothing of it was written to the backup's place. */
  readonly afterCopy?: () => Promise<void>;
  /** All files of a backup are in its place, but for the manifest. */
  readonly beforeManifest?: () => Promise<void>;
  /** A snapshot is complete, under a name of its own. */
  readonly beforePublish?: () => Promise<void>;
  /** The compacted file is complete, beside the replica. */
  readonly beforeSwap?: () => Promise<void>;
  /** It has the replica's name. */
  readonly afterSwap?: () => Promise<void>;
  /** A restored file is complete and checked, beside its place. */
  readonly beforeRestored?: () => Promise<void>;
}
