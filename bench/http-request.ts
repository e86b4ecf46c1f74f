import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';

/** Posts the body and reads the answer to its end; throws where it is no 200. */
export async function requestOverHttp(
  session: ClientHttp2Session,
  path: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/json',
    ...headers,
  });
  stream.end(body);
  const [received] = (await once(stream, 'response')) as [Record<string, unknown>];
  let text = '';
  const isRefused = received[':status'] !== 200;
  for await (const piece of stream) if (isRefused) text += String(piece);
  if (isRefused) throw new Error(`${path}: ${String(received[':status'])} ${text}`);
}
