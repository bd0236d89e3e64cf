// The directories of a tenant, as its administrators make and change them. How one is asked is directory/'s.

import { isDeepStrictEqual } from 'node:util';

import type { Finding } from '../config/tree.ts';
import type { IsAllowedServer } from '../directory/allowed-servers.ts';
import type { DirectorySettings } from '../directory/directory-settings.ts';
import type { ListRequest, Page } from '../listing.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type { RuledTenant, TenantRules } from './tenant-rules.ts';
import type { Owner, Tenant, TenantDirectory } from './tenants.ts';

export interface DirectoryRecord extends Pick<TenantDirectory, 'id' | 'name' | 'position' | 'settings'> {
  hasBindPassword: boolean;
  owner: Owner;
  createdAt: Date;
  updatedAt: Date;
}

export interface NewDirectory extends Pick<TenantDirectory, 'name' | 'settings'> {
  bindPassword: string;
  /** After all others if left out. */
  position?: number | undefined;
}

export interface DirectoryChange {
  settings?: DirectorySettings | undefined;
  position?: number | undefined;
  bindPassword?: string | undefined;
}

export interface DirectoryStore {
  list(tenantId: string, request: ListRequest): Promise<Page<DirectoryRecord>>;
  find(tenantId: string, id: string): Promise<DirectoryRecord | undefined>;
  /** Until the unit of work ends nobody else changes a directory of the tenant, and nobody comes in from this one. */
  lock(tenantId: string, id?: string): Promise<void>;
  isNameTaken(tenantId: string, name: string): Promise<boolean>;
  /** Answers its id. */
  add(tenantId: string, directory: NewDirectory): Promise<string>;
  /** What is left out stays as it is. */
  update(tenantId: string, id: string, change: DirectoryChange): Promise<void>;
  hasUsers(tenantId: string, id: string): Promise<boolean>;
  remove(tenantId: string, id: string): Promise<void>;
  /** Tells other processes. */
  markChanged(tenantId: string): Promise<void>;
}

/** Within the caller's unit of work. */
export interface DirectoryAdministration extends Pick<DirectoryStore, 'list' | 'find' | 'lock'> {
  /** Which of its servers the operator does not let it be at; paths begin at its settings. */
  beyond(settings: DirectorySettings): Finding[];
  /** What a directory must not be in this tenant, and where; paths begin at its settings. */
  broken(tenant: Tenant, directory: Pick<TenantDirectory, 'name' | 'settings'>): Promise<Finding[]>;
  create(tenantId: string, directory: NewDirectory): Promise<Outcome<string, 'name-taken'>>;
  /** `password-needed`: the one that is kept was meant for another server, and goes to no new one. */
  change(before: DirectoryRecord, tenantId: string, change: DirectoryChange): Promise<Outcome<void, 'password-needed'>>;
  remove(tenantId: string, id: string): Promise<Outcome<void, 'has-users'>>;
}

export function createDirectoryAdministration(
  store: DirectoryStore,
  rules: TenantRules,
  isAllowedServer: IsAllowedServer,
): DirectoryAdministration {
  const beyond = ({ urls }: DirectorySettings): Finding[] =>
    urls.flatMap((url, index) => {
      if (isAllowedServer(url)) return [];
      const message = 'is no server that directories may be at';
      return [
        { path: ['urls', String(index)], message, mend: 'the operator can allow it (outbound.allowDirectories)' },
      ];
    });

  return {
    list: store.list,
    find: store.find,
    lock: store.lock,
    beyond,

    async broken(tenant, { name, settings }) {
      const others = tenant.directories.filter((one) => one.name !== name);
      // The others first, so that what two share is told of this one.
      const after: RuledTenant = { ...tenant, directories: [...others, { name, settings }] };
      const found = await rules.broken(tenant.id, { ...tenant, directories: others }, after);
      const ofThis = found
        .filter(({ path }) => path[0] === 'directories' && path[1] === name)
        .map(({ path, ...said }) => ({ path: path.slice(2), ...said }));
      return [...beyond(settings), ...ofThis];
    },

    async create(tenantId, directory) {
      await store.lock(tenantId);
      if (await store.isNameTaken(tenantId, directory.name)) return refused('name-taken');
      await store.markChanged(tenantId);
      return accepted(await store.add(tenantId, directory));
    },

    async change(before, tenantId, change) {
      const { settings, bindPassword } = change;
      const isElsewhere =
        settings !== undefined && !isDeepStrictEqual(whoIsAsked(before.settings), whoIsAsked(settings));
      if (isElsewhere && bindPassword === undefined) return refused('password-needed');
      await store.markChanged(tenantId);
      await store.update(tenantId, before.id, change);
      return accepted(undefined);
    },

    async remove(tenantId, id) {
      if (await store.hasUsers(tenantId, id)) return refused('has-users');
      await store.markChanged(tenantId);
      await store.remove(tenantId, id);
      return accepted(undefined);
    },
  };
}

/** What decides who gets to know the service account's password. */
function whoIsAsked({ urls, tls, bindDn }: DirectorySettings): unknown {
  return JSON.parse(JSON.stringify({ urls, tls, bindDn }));
}
