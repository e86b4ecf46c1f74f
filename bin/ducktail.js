#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

// Each lane into DuckDB and each query (MAX_CONCURRENT_QUERIES is 16 at most) occupies a thread of
// libuv's pool, whose size is read when it is first used.
process.env.UV_THREADPOOL_SIZE ??= String(availableParallelism() + 24);
// S3's library tells whoever runs it which Node its later versions need.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

const main = new URL('../bundle/src/cli/main.js', import.meta.url);
if (!existsSync(main)) {
  process.stderr.write(
    'ducktail: not built yet\n  Run `npm ci && npm run build` in the checkout.\n',
  );
  process.exit(1);
}
await import(main.href);
