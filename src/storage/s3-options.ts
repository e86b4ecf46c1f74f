/** How S3, or what speaks like it, is reached. */
export interface S3Options {
  /** null: AWS. */
  readonly endpoint: string | null;
  readonly region: string;
  /** null: found as AWS's tools find them. */
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  } | null;
}
