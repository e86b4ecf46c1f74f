import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Makes a certificate for localhost and its key in the folder, as PEM files. */
export function makeCertificate(
  folder: string,
  name = 'server',
): { readonly cert: string; readonly key: string } {
  const key = join(folder, `${name}-key.pem`);
  const cert = join(folder, `${name}-cert.pem`);
  const self = ['-x509', '-nodes', '-days', '1', '-subj', '/CN=localhost'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  execFileSync('openssl', ['req', ...self, ...curve, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  return { cert, key };
}
