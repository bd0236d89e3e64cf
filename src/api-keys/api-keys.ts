// Keys by which scripts and services call the admin API. A key is random, shown once and kept hashed; what it may do is written down
// with it, and lies within what its maker held.

import { randomBytes } from 'node:crypto';

import type { ListFields, ListRequest, Page } from '../listing.ts';
import { sha256 } from '../security/sha256.ts';
import type { Tenant, Tenants } from '../tenants/tenants.ts';

export interface ApiKey {
  /** A UUIDv7. */
  id: string;
  name: string;
  permissions: readonly string[];
  /** Who made it, as `user:<id>`; of another tenant with its slug before that. */
  createdBy: string;
  expiresAt: Date;
  lastUsedAt: Date | undefined;
  /** Until then the key from before the last rotation is good, too. */
  previousUntil: Date | undefined;
  createdAt: Date;
  updatedAt: Date;
}

export type NewApiKey = Pick<ApiKey, 'name' | 'permissions' | 'createdBy' | 'expiresAt'>;

/** The one that a request was sent with. */
export interface PresentedKey {
  id: string;
  tenantId: string;
  permissions: readonly string[];
}

export const API_KEY_FIELDS = {
  id: { type: 'id' },
  name: { type: 'text' },
  createdBy: { type: 'text', caseExact: true },
  expiresAt: { type: 'time' },
  lastUsedAt: { type: 'time' },
} as const satisfies ListFields;

export interface ApiKeyStore {
  list(tenantId: string, request: ListRequest): Promise<Page<ApiKey>>;
  find(tenantId: string, id: string): Promise<ApiKey | undefined>;
  /** Until the unit of work ends nobody else changes it. */
  lock(tenantId: string, id: string): Promise<void>;
  /** Answers the id. */
  insert(tenantId: string, key: NewApiKey, hash: string): Promise<string>;
  change(tenantId: string, id: string, to: Pick<ApiKey, 'name' | 'expiresAt'>): Promise<void>;
  /** The hash so far goes on being good until `previousUntil`. */
  replaceHash(tenantId: string, id: string, hash: string, previousUntil: Date): Promise<void>;
  remove(tenantId: string, id: string): Promise<void>;
  /** By the hash of now or before, while that is good. Keeps that it was used, once a minute at most. */
  use(hash: string): Promise<PresentedKey | undefined>;
}

export interface ApiKeys extends Omit<ApiKeyStore, 'insert' | 'replaceHash' | 'use'> {
  /** Answers the key itself, which is not kept. */
  create(tenantId: string, key: NewApiKey): Promise<{ id: string; key: string }>;
  /** Answers the new key. `overlap`: seconds for which the one before stays good. */
  rotate(tenantId: string, id: string, overlap: number): Promise<string>;
  /** Undefined for a key that is unknown, expired or of a tenant that is suspended. */
  authenticate(key: string): Promise<{ id: string; tenant: Tenant; permissions: readonly string[] } | undefined>;
}

/** So that people, and scanners for leaked secrets, know one when they see it. */
export const API_KEY_PREFIX = 'sp_';
const BYTES = 32;
const FORM = /^sp_[A-Za-z0-9_-]{43}$/;

export interface ApiKeysDeps {
  store: ApiKeyStore;
  tenants: Pick<Tenants, 'byId'>;
}

export function createApiKeys({ store, tenants }: ApiKeysDeps): ApiKeys {
  const { insert, replaceHash, use, ...rest } = store;
  return {
    ...rest,

    async create(tenantId, settings) {
      const key = newKey();
      return { id: await insert(tenantId, settings, sha256(key)), key };
    },

    async rotate(tenantId, id, overlap) {
      const key = newKey();
      await replaceHash(tenantId, id, sha256(key), new Date(Date.now() + overlap * 1000));
      return key;
    },

    async authenticate(key) {
      const used = FORM.test(key) ? await use(sha256(key)) : undefined;
      if (!used) return undefined;
      const tenant = await tenants.byId(used.tenantId);
      return tenant?.status === 'active' ? { id: used.id, tenant, permissions: used.permissions } : undefined;
    },
  };
}

function newKey(): string {
  return API_KEY_PREFIX + randomBytes(BYTES).toString('base64url');
}
