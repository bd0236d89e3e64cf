import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { ensureInstalled } from './install.ts';

/** PEM. The certificate is its own authority. */
export interface TlsCertificate {
  cert: string;
  key: string;
}

/** A fresh self-signed certificate, valid for a day, for the DNS name `name` and for 127.0.0.1. */
export async function selfSignedCertificate(name = 'localhost'): Promise<TlsCertificate> {
  const openssl = await ensureInstalled('openssl', 'openssl');
  const folder = await mkdtemp(path.join(tmpdir(), 'sallyport-tls-'));
  try {
    const key = path.join(folder, 'key.pem');
    const cert = path.join(folder, 'cert.pem');
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},IP:127.0.0.1`];
    await promisify(execFile)(openssl, ['req', ...kind, ...names, '-keyout', key, '-out', cert]);
    return { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
