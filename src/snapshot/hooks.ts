/** Named points of a full sync, for tests that stop the process or let something fail there. */
export interface SnapshotHooks {
  /** Before rows of the table go into its staging table the fast way. */
  readonly beforeFlush?: (table: string) => Promise<void>;
  /** Inside the transaction of the cutover, with everything done but the COMMIT. */
  readonly beforeCommit?: () => Promise<void>;
  readonly afterCommit?: () => Promise<void>;
}
