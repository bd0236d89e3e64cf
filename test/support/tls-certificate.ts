import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { ensureInstalled } from './install.ts';

/** PEM. The certificate is its own authority. */
export interface TlsCertificate {
  cert: string;
  key: string;
}

/** A fresh self-signed certificate, valid for a day, for a DNS name and an address. */
export function selfSignedCertificate(name = 'localhost', address = '127.0.0.1'): Promise<TlsCertificate> {
  return withOpenssl(async (openssl, key, cert) => {
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},IP:${address}`];
    await openssl('req', ...kind, ...names, '-keyout', key, '-out', cert);
  });
}

/** The same, but it ended yesterday. */
export function expired(certificate: TlsCertificate): Promise<TlsCertificate> {
  return withOpenssl(async (openssl, key, cert) => {
    await writeFile(key, certificate.key);
    await writeFile(cert, certificate.cert);
    await openssl('x509', '-in', cert, '-key', key, '-days', '-1', '-out', cert);
  });
}

type Openssl = (...args: string[]) => Promise<unknown>;

/** What `work` leaves in the two files. */
async function withOpenssl(
  work: (openssl: Openssl, keyFile: string, certFile: string) => Promise<void>,
): Promise<TlsCertificate> {
  const program = await ensureInstalled('openssl', 'openssl');
  const folder = await mkdtemp(path.join(tmpdir(), 'sallyport-tls-'));
  try {
    const key = path.join(folder, 'key.pem');
    const cert = path.join(folder, 'cert.pem');
    await work((...args) => promisify(execFile)(program, args), key, cert);
    return { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
