/** Named points of an apply, for tests that stop the process or let something fail there. */
export interface ApplyHooks {
  /** With everything on the stages, before anything of it is in the tables. */
  readonly beforeApply?: () => Promise<void>;
  /** Inside the transaction, with everything done but the COMMIT. */
  readonly beforeCommit?: () => Promise<void>;
  readonly afterCommit?: () => Promise<void>;
}
