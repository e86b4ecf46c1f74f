/** Named points of an incremental sync, for tests that stop the process there. */
export interface IncrementalHooks {
  /** A batch is staged; its transaction has not begun. */
  readonly beforeApply?: (table: string) => Promise<void>;
  /** Inside the transaction, with everything done but the COMMIT. */
  readonly beforeCommit?: (table: string) => Promise<void>;
  readonly afterCommit?: (table: string) => Promise<void>;
  /** Before keys are compared to find rows that are gone. */
  readonly beforeDeletes?: (table: string) => Promise<void>;
  readonly beforeDeletesCommit?: (table: string) => Promise<void>;
}
