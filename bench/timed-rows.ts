/** What a measured process prints about itself. */
export interface TimedRows {
  readonly rows: number;
  readonly seconds: number;
}
