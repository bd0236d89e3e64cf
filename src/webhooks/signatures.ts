// Secrets of webhooks, and what they sign: Standard Webhooks 1.0 (standardwebhooks.com), symmetric `v1` and asymmetric `v1a`.

import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

import type { Algorithm } from './webhooks.ts';

/** A new secret, as it is kept: `whsec_` and base64, which the receiver has as well, or a private key in PEM form. */
export function newSecret(algorithm: Algorithm): string {
  if (algorithm === 'hmac-sha256') return `whsec_${randomBytes(32).toString('base64')}`;
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** What a receiver verifies by, where that is no secret: `whpk_` and the base64 of the 32 bytes of the key. */
export function publicKeyOf(secret: string): string | undefined {
  if (!isPrivateKey(secret)) return undefined;
  const { x = '' } = createPublicKey(secret).export({ format: 'jwk' });
  return `whpk_${Buffer.from(x, 'base64url').toString('base64')}`;
}

/** `webhook-signature` of a message: one signature for each secret that is good. `timestamp`: seconds since the epoch. */
export function signatureOf(secrets: readonly string[], id: string, timestamp: number, body: string): string {
  const content = `${id}.${String(timestamp)}.${body}`;
  return secrets.map((secret) => (isPrivateKey(secret) ? ed25519(secret, content) : hmac(secret, content))).join(' ');
}

function hmac(secret: string, content: string): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}

function ed25519(secret: string, content: string): string {
  return `v1a,${sign(null, Buffer.from(content), createPrivateKey(secret)).toString('base64')}`;
}

function isPrivateKey(secret: string): boolean {
  return secret.startsWith('-----BEGIN PRIVATE KEY-----');
}
