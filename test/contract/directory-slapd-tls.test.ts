import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect } from 'chai';

import { AppError, reasonOf } from '../../src/errors.ts';
import { openDirectory } from '../support/open-directory.ts';
import type { TestSlapd } from '../support/slapd.ts';
import { startSlapd } from '../support/slapd.ts';
import { selfSignedCertificate } from '../support/tls-certificate.ts';

describe('a directory on slapd that asks for a certificate of ours', () => {
  let folder: string;
  let slapd: TestSlapd;
  let ours: { certFile: string; keyFile: string };
  let anothers: { certFile: string; keyFile: string };

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'sallyport-client-'));
    const certificate = await selfSignedCertificate('sallyport.test');
    ours = write('ours', certificate);
    anothers = write('anothers', await selfSignedCertificate('sallyport.test'));
    slapd = await startSlapd({ clientAuthority: certificate.cert });
  });
  after(() => rmSync(folder, { recursive: true }));

  function write(name: string, { cert, key }: { cert: string; key: string }) {
    const files = { certFile: path.join(folder, `${name}-cert.pem`), keyFile: path.join(folder, `${name}-key.pem`) };
    writeFileSync(files.certFile, cert);
    writeFileSync(files.keyFile, key, { mode: 0o600 });
    return files;
  }

  async function find(url: string, tls: object): Promise<string> {
    const directory = openDirectory(slapd.service, {
      urls: [url],
      tls: { caFile: slapd.caFile, ...tls },
      baseDn: `o=acme,${slapd.suffix}`,
    });
    try {
      const found = await directory.find('ann');
      return found.ok ? found.value.username : found.reason;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return reasonOf(error);
    } finally {
      await directory.close();
    }
  }

  it('shows it, by StartTLS and by LDAPS', async () => {
    expect(await find(slapd.url, ours)).to.equal('ann');
    expect(await find(slapd.ldapsUrl, { mode: 'ldaps', ...ours })).to.equal('ann');
  });

  it('is not let in without it, nor with one of another authority', async () => {
    for (const tls of [{}, anothers]) {
      // TLS 1.3 tells only after the handshake, by an alert or by hanging up.
      const refused = /^directory_unavailable.*(alert|closed|ECONNRESET|EPIPE)/;
      expect(await find(slapd.url, tls)).to.match(refused);
      expect(await find(slapd.ldapsUrl, { mode: 'ldaps', ...tls })).to.match(refused);
    }
  });

  it('is not asked with a key that is not the key of the certificate', async () => {
    const mixed = { certFile: ours.certFile, keyFile: anothers.keyFile };
    expect(await find(slapd.url, mixed)).to.match(/^directory_unavailable.*key values mismatch/);
    const missing = { ...ours, certFile: path.join(folder, 'nowhere.pem') };
    expect(await find(slapd.url, missing)).to.match(/^directory_unavailable.*ENOENT.*nowhere.pem/);
  });
});
