// A tenant's signing keys: one that signs and one that will, for each algorithm, and those whose tokens may still be about.
// Signing itself is the protocol library's.

import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import type { JWK } from 'jose';

import { ADMIN_TOKEN_LIFE } from '../admin/authentication/resource.ts';
import type { Audit, AuditEvent } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type { TenantSettings } from '../tenants/tenant-settings.ts';

/** RS256 is what every client can verify (OpenID Connect Core 15.1); ES256 is cheaper to sign with. */
export const SIGNING_ALGS = ['ES256', 'RS256'] as const;
export type SigningAlg = (typeof SIGNING_ALGS)[number];

export interface SigningKey {
  kid: string;
  alg: SigningAlg;
  state: 'active' | 'next' | 'retired';
  /** The private key with `kid`, `use` and `alg`. */
  jwk: JWK;
  createdAt: Date;
  retiredAt?: Date | undefined;
}

export type NewSigningKey = Omit<SigningKey, 'createdAt' | 'retiredAt'>;

export interface SigningKeyStore {
  /** The active ones first, then the next, then the retired, the last retired first. */
  list(tenantId: string): Promise<SigningKey[]>;
  /** Adds the key unless the tenant has one of its algorithm and state: of several callers exactly one does. */
  add(tenantId: string, key: NewSigningKey): Promise<void>;
  /** Until the unit of work ends nobody else rotates this tenant's keys. */
  lock(tenantId: string): Promise<void>;
  /** The active keys retire, and the next become active. */
  promote(tenantId: string): Promise<void>;
  /** Forgets keys that retired before a time; answers how many. */
  dropRetired(tenantId: string, before: Date): Promise<number>;
  /** Forgets one key. */
  drop(tenantId: string, kid: string): Promise<void>;
  /** Tells other processes. */
  markChanged(tenantId: string): Promise<void>;
}

export interface Keys {
  /** Makes whatever active or next key is missing. Any number of callers at once make one of each. */
  ensureKeys(tenantId: string): Promise<void>;
  /**
   * Private keys for oidc-provider's `jwks`, which publishes the public halves of all of them and signs with the first of an
   * algorithm: the active ones come first, so that a next key is published before it signs, and a retired one after.
   */
  signingKeys(tenantId: string): Promise<JWK[]>;
  /** All of them, in the same order. */
  list(tenantId: string): Promise<SigningKey[]>;
  /** Refused while a next key has not been published for long enough, so that relying parties have seen it. */
  rotate(tenantId: string, options: RotateOptions): Promise<Outcome<void, 'next-key-too-new'>>;
  /** Forgets keys that retired before a time, which has to be longer ago than their tokens live. */
  dropRetired(tenantId: string, before: Date): Promise<void>;
  /** Until the unit of work ends nobody else rotates this tenant's keys. */
  lock(tenantId: string): Promise<void>;
  /** Forgets one key, which has retired, before its tokens have expired. */
  withdraw(tenantId: string, kid: string): Promise<void>;
}

/** Seconds within which relying parties have refreshed their copy of the keys. */
export const PUBLISHED_FOR = 3600;

export interface RotateOptions {
  /** Seconds that the next key must have been published for; 0 in an emergency. */
  publishedFor: number;
  /** Who asked for it; the system itself if left out. */
  actor?: AuditEvent['actor'];
}

export function createKeys(db: Pick<Database, 'unitOfWork'>, store: SigningKeyStore, audit: Audit): Keys {
  return {
    async ensureKeys(tenantId) {
      const missing = missingKeys(await store.list(tenantId));
      if (missing.length === 0) return;
      const keys = await Promise.all(missing.map(({ alg, state }) => newSigningKey(alg, state)));
      await db.unitOfWork(async () => {
        await store.markChanged(tenantId);
        for (const key of keys) await store.add(tenantId, key);
      });
    },

    async signingKeys(tenantId) {
      return (await store.list(tenantId)).map((key) => key.jwk);
    },

    rotate: (tenantId, { publishedFor, actor = { kind: 'system', id: 'keys' } }) =>
      db.unitOfWork(async () => {
        await store.lock(tenantId);
        const keys = await store.list(tenantId);
        if (!isNextReady(keys, publishedFor)) return refused('next-key-too-new');

        const fresh = await Promise.all(SIGNING_ALGS.map((alg) => newSigningKey(alg, 'next')));
        await store.markChanged(tenantId);
        await store.promote(tenantId);
        for (const key of fresh) await store.add(tenantId, key);
        const active = keys.filter((key) => key.state === 'next').map((key) => key.kid);
        const retired = keys.filter((key) => key.state === 'active').map((key) => key.kid);
        const subject = { kind: 'tenant', id: tenantId } as const;
        await audit.record({ type: 'key.rotated', tenantId, actor, subject, detail: { active, retired } });
        return accepted(undefined);
      }),

    list: store.list,

    lock: store.lock,

    withdraw: (tenantId, kid) =>
      db.unitOfWork(async () => {
        await store.markChanged(tenantId);
        await store.drop(tenantId, kid);
      }),

    dropRetired: (tenantId, before) =>
      db.unitOfWork(async () => {
        if ((await store.dropRetired(tenantId, before)) > 0) await store.markChanged(tenantId);
      }),
  };
}

/** What others may know of a key: never one of the private members (RFC 7518 6.2.2, 6.3.2). */
export function publicHalf(jwk: JWK): Record<string, string> {
  const { kty, kid, use, alg, n, e, crv, x, y } = jwk;
  const members = Object.entries({ kty, kid, use, alg, n, e, crv, x, y });
  return Object.fromEntries(members.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** Seconds for which a retired key's last token may still be valid. */
export function longestTokenLife({ tokens, resources }: Pick<TenantSettings, 'tokens' | 'resources'>): number {
  const ofResources = Object.values(resources).map((resource) => resource.accessToken ?? 0);
  return Math.max(tokens.accessToken, tokens.idToken, ADMIN_TOKEN_LIFE, ...ofResources);
}

function missingKeys(keys: readonly SigningKey[]): Pick<SigningKey, 'alg' | 'state'>[] {
  const wanted = SIGNING_ALGS.flatMap((alg) => [{ alg, state: 'active' } as const, { alg, state: 'next' } as const]);
  return wanted.filter(({ alg, state }) => !keys.some((key) => key.alg === alg && key.state === state));
}

function isNextReady(keys: readonly SigningKey[], publishedFor: number): boolean {
  const latest = Date.now() - publishedFor * 1000;
  return SIGNING_ALGS.every((alg) =>
    keys.some((key) => key.alg === alg && key.state === 'next' && key.createdAt.getTime() <= latest),
  );
}

/** 2048-bit RSA, or P-256. The kid is the thumbprint of RFC 7638, so two keys never share one. */
async function newSigningKey(alg: SigningAlg, state: SigningKey['state']): Promise<NewSigningKey> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, alg, state, jwk: { ...jwk, kid, use: 'sig', alg } };
}
