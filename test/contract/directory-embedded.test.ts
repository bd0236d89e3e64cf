import { readFile } from 'node:fs/promises';

import type { EmbeddedDirectory } from '../../src/demo/directory/embedded-directory.ts';
import { startEmbeddedDirectory } from '../../src/demo/directory/embedded-directory.ts';
import { selfSignedCertificate } from '../support/tls-certificate.ts';
import { describeDirectory } from './directory.ts';

const suffix = 'dc=demo,dc=test';
const admin = { dn: `cn=admin,${suffix}`, password: 'admin-of-the-tests' };
const service = { dn: `cn=sallyport,ou=system,${suffix}`, password: 'sallyport-demo-1234' };

describe('directory: embedded', () => {
  const running: EmbeddedDirectory[] = [];
  after(async () => {
    for (const server of running) await server.close();
  });

  async function start() {
    const ldif = await readFile(new URL('../../config/demo-directory.ldif', import.meta.url), 'utf8');
    const tls = await selfSignedCertificate();
    const server = await startEmbeddedDirectory({ ldif, suffix, admin, tls, sizeLimit: 100 });
    running.push(server);
    return { url: server.url, tls };
  }

  describeDirectory('embedded, in plain text', async () => {
    const { url } = await start();
    return { suffix, admin, service, adminUrl: url, connection: { urls: [url], tls: { mode: 'none' } } };
  });

  describeDirectory('embedded, by StartTLS', async () => {
    const { url, tls } = await start();
    return { suffix, admin, service, adminUrl: url, connection: { urls: [url], tls: { ca: tls.cert } } };
  });
});
