/** It has no types of its own. */
declare module 's3rver' {
  interface S3rverOptions {
    readonly address: string;
    readonly port: number;
    readonly silent: boolean;
    readonly directory: string;
    readonly configureBuckets: readonly { readonly name: string }[];
  }

  interface Context {
    readonly method: string;
    readonly path: string;
    readonly query: Readonly<Record<string, string | undefined>>;
    status: number;
    type: string;
    body: string | null;
  }

  type Middleware = (context: Context, next: () => Promise<void>) => Promise<void>;

  class S3rver {
    /** Koa's. */
    readonly middleware: Middleware[];
    constructor(options: S3rverOptions);
    run(): Promise<{ readonly port: number }>;
    close(): Promise<void>;
  }

  namespace S3rver {
    export { Context };
  }
  export = S3rver;
}
