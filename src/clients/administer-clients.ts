// Registering applications through the admin API: what they may say, and the secrets by which they prove who they are. Two secrets
// are good at once, so that an application changes over without a gap. Who may do it is the routes' to ask.

import { randomBytes } from 'node:crypto';

import type { Database } from '../db/database.ts';
import type { ListFields, ListRequest, Page } from '../listing.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type { Owner } from '../tenants/tenants.ts';
import type { ClientMetadata } from './client-metadata.ts';
import { wantsSecret } from './client-rules.ts';

export interface RegisteredClient {
  /** The client_id. */
  id: string;
  metadata: ClientMetadata;
  managedBy: Owner;
  /** Given to the client itself; sorted. */
  roles: readonly string[];
  createdAt: Date;
  updatedAt: Date;
}

/** A secret without what is secret about it. */
export interface ClientSecret {
  id: string;
  createdAt: Date;
  expiresAt: Date | undefined;
}

export interface NewSecret extends ClientSecret {
  /** Told once, in plain. */
  secret: string;
  /** When the one before ends; undefined where there was none. */
  previousUntil: Date | undefined;
}

export const CLIENT_FIELDS = {
  client_id: { type: 'text', sortable: true, caseExact: true },
  client_name: { type: 'text' },
} as const satisfies ListFields;

/** At once. */
const MOST_SECRETS = 2;
/** Seconds for which the secret before stays good, unless told. */
export const USUAL_OVERLAP = 7 * 86_400;

export interface ClientStore {
  list(tenantId: string, request: ListRequest): Promise<Page<RegisteredClient>>;
  find(tenantId: string, clientId: string): Promise<RegisteredClient | undefined>;
  /** Until the current unit of work ends nobody else changes it, its roles or its secrets. */
  lock(tenantId: string, clientId: string): Promise<void>;
  /** Whether there was none of this name. */
  add(tenantId: string, clientId: string, metadata: ClientMetadata): Promise<boolean>;
  change(tenantId: string, clientId: string, metadata: ClientMetadata): Promise<void>;
  /** With its grants, refresh tokens, consents, secrets and roles. */
  remove(tenantId: string, clientId: string): Promise<void>;
  /** Those of these names that are no roles of the tenant. */
  unknownRoles(tenantId: string, roles: readonly string[]): Promise<string[]>;

  /** The newest first; expired ones too. */
  secrets(tenantId: string, clientId: string): Promise<ClientSecret[]>;
  addSecret(
    tenantId: string,
    clientId: string,
    made: { secret: string; expiresAt: Date | undefined },
  ): Promise<ClientSecret>;
  /** What lives longer, or for ever, ends then. */
  endSecretsBy(tenantId: string, clientId: string, expiresAt: Date): Promise<void>;
  /** Whether there was such a secret. */
  removeSecret(tenantId: string, clientId: string, id: string): Promise<boolean>;
}

export interface AdministerClients extends Pick<
  ClientStore,
  'list' | 'find' | 'lock' | 'remove' | 'unknownRoles' | 'secrets'
> {
  /** Makes a client_id where none is given, and the first secret where one is wanted. */
  create(
    tenantId: string,
    client: { clientId: string | undefined; metadata: ClientMetadata },
  ): Promise<Outcome<{ clientId: string; secret: string | undefined }, 'taken'>>;
  /** Answers a first secret, where the client begins to want one; takes away those that it has no more use for. */
  change(tenantId: string, clientId: string, metadata: ClientMetadata): Promise<string | undefined>;
  /** `overlap`: seconds for which the one before stays good. `no-use`: the client does not prove who it is by a secret. `too-many`: two are good already. */
  addSecret(
    tenantId: string,
    client: RegisteredClient,
    wish: { expiresAt: Date | undefined; overlap: number },
  ): Promise<Outcome<NewSecret, 'no-use' | 'too-many'>>;
  /** `last`: the client could not prove who it is any more. */
  removeSecret(tenantId: string, clientId: string, id: string): Promise<Outcome<void, 'unknown' | 'last'>>;
}

export interface AdministerClientsDeps {
  store: ClientStore;
  db: Pick<Database, 'unitOfWork'>;
  now?: () => Date;
}

export function createAdministerClients({
  store,
  db,
  now = () => new Date(),
}: AdministerClientsDeps): AdministerClients {
  const addFirst = async (tenantId: string, clientId: string) => {
    const secret = newSecret();
    await store.addSecret(tenantId, clientId, { secret, expiresAt: undefined });
    return secret;
  };

  /** Expired ones make room. */
  async function good(tenantId: string, clientId: string): Promise<ClientSecret[]> {
    const all = await store.secrets(tenantId, clientId);
    const [expired, alive] = [all.filter((one) => isExpired(one, now())), all.filter((one) => !isExpired(one, now()))];
    for (const { id } of expired) await store.removeSecret(tenantId, clientId, id);
    return alive;
  }

  return {
    list: store.list,
    find: store.find,
    lock: store.lock,
    remove: store.remove,
    unknownRoles: store.unknownRoles,
    secrets: store.secrets,

    create: (tenantId, { clientId = newClientId(), metadata }) =>
      db.unitOfWork(async () => {
        if (!(await store.add(tenantId, clientId, metadata))) return refused('taken');
        return accepted({ clientId, secret: wantsSecret(metadata) ? await addFirst(tenantId, clientId) : undefined });
      }),

    change: (tenantId, clientId, metadata) =>
      db.unitOfWork(async () => {
        await store.change(tenantId, clientId, metadata);
        const secrets = await store.secrets(tenantId, clientId);
        if (wantsSecret(metadata)) return secrets.length === 0 ? addFirst(tenantId, clientId) : undefined;
        for (const { id } of secrets) await store.removeSecret(tenantId, clientId, id);
        return undefined;
      }),

    addSecret: (tenantId, { id: clientId, metadata }, { expiresAt, overlap }) =>
      db.unitOfWork(async () => {
        if (!wantsSecret(metadata)) return refused('no-use');
        const before = await good(tenantId, clientId);
        if (before.length >= MOST_SECRETS) return refused('too-many');
        const end = new Date(now().getTime() + overlap * 1000);
        await store.endSecretsBy(tenantId, clientId, end);
        const secret = newSecret();
        const made = await store.addSecret(tenantId, clientId, { secret, expiresAt });
        const [previousUntil] = before.map((one) => (one.expiresAt && one.expiresAt < end ? one.expiresAt : end));
        return accepted({ ...made, secret, previousUntil });
      }),

    removeSecret: (tenantId, clientId, id) =>
      db.unitOfWork(async () => {
        const secrets = await store.secrets(tenantId, clientId);
        if (!secrets.some((one) => one.id === id)) return refused('unknown');
        const others = secrets.filter((one) => one.id !== id && !isExpired(one, now()));
        if (others.length === 0) return refused('last');
        await store.removeSecret(tenantId, clientId, id);
        return accepted(undefined);
      }),
  };
}

function isExpired({ expiresAt }: ClientSecret, now: Date): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

/** 256 bits. */
function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** 128 bits, and nothing like the UUID of a user. */
function newClientId(): string {
  return `client_${randomBytes(16).toString('base64url')}`;
}
