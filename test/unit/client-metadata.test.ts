// How much a client may say of itself, in the configuration file and through the admin API: one schema reads both.

import { generateKeyPairSync } from 'node:crypto';

import { expect } from 'chai';

import { clientMetadata } from '../../src/clients/client-metadata.ts';

const many = (count: number, length = 1) =>
  Array.from({ length: count }, (_, n) => `${'x'.repeat(length)}${String(n)}`);
const urls = (count: number, length = 1) => many(count, length).map((path) => `https://app.example/${path}`);
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicJwk = publicKey.export({ format: 'jwk' });
const jwks = (...keys: object[]) => ({ jwks: { keys } });

function wrongWith(parts: object): string[] {
  const { error } = clientMetadata.safeParse({ redirect_uris: ['https://app.example'], ...parts });
  return (error?.issues ?? []).map(({ path }) => path.join('.'));
}

describe('what a client may say of itself', () => {
  const taken = {
    'a hundred redirect URIs': { redirect_uris: urls(100) },
    'a URI of two thousand characters': { redirect_uris: [`https://app.example/${'x'.repeat(1980)}`] },
    'a scope of four thousand characters': { scope: 'x'.repeat(4000) },
    'a hundred groups and roles': { allow: { groups: many(100), roles: many(100) }, groups: { only: many(100) } },
    'public keys': jwks(publicJwk, { kty: 'RSA', n: 'x', e: 'AQAB' }),
  };
  for (const [what, parts] of Object.entries(taken)) {
    it(`is ${what}`, () => {
      expect(wrongWith(parts)).to.deep.equal([]);
    });
  }

  const refused: Record<string, [object, string]> = {
    'more redirect URIs': [{ redirect_uris: urls(101) }, 'redirect_uris'],
    'more places to go to after a logout': [{ post_logout_redirect_uris: urls(101) }, 'post_logout_redirect_uris'],
    'a longer URI': [{ redirect_uris: [`https://app.example/${'x'.repeat(1981)}`] }, 'redirect_uris.0'],
    'a longer home page': [{ client_uri: `https://app.example/${'x'.repeat(2000)}` }, 'client_uri'],
    'a longer address for logouts': [
      { backchannel_logout_uri: `https://app.example/${'x'.repeat(2000)}` },
      'backchannel_logout_uri',
    ],
    'a longer scope': [{ scope: 'x'.repeat(4001) }, 'scope'],
    'more keys': [jwks(...Array.from({ length: 101 }, () => publicJwk)), 'jwks.keys'],
    'more groups that may sign in': [{ allow: { groups: many(101) } }, 'allow.groups'],
    'more roles that may sign in': [{ allow: { roles: many(101) } }, 'allow.roles'],
    'more groups in its tokens': [{ groups: { only: many(101) } }, 'groups.only'],
    'more roles of its own': [{ roles: many(101) }, 'roles'],
    'the same kind of grant over and over': [
      { grant_types: Array.from({ length: 101 }, () => 'authorization_code') },
      'grant_types',
    ],
    'more than 64 KiB in all': [{ redirect_uris: urls(100, 700) }, ''],
    'more than 64 KiB in a key': [jwks({ ...publicJwk, x5c: ['x'.repeat(70_000)] }), ''],
    'a private key': [jwks(publicJwk, privateKey.export({ format: 'jwk' })), 'jwks.keys.1'],
    'a secret key': [jwks({ kty: 'oct', k: 'c2VjcmV0' }), 'jwks.keys.0'],
    'one factor of an RSA key': [jwks({ kty: 'RSA', n: 'x', e: 'AQAB', p: 'x' }), 'jwks.keys.0'],
  };
  for (const [what, [parts, path]] of Object.entries(refused)) {
    it(`is not ${what}`, () => {
      expect(wrongWith(parts)).to.deep.equal([path]);
    });
  }
});
