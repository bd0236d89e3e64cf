// The library's Account: a user that still stands, with the claims that a client gets to see.

import type { Account, Client, KoaContextWithOIDC } from 'oidc-provider';

import type { Roles } from '../roles/roles.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { Standing } from '../users/standing.ts';
import type { User } from '../users/users.ts';
import { claimsOf, groupsFor } from './claims.ts';
import type { DistributedGroups } from './claims.ts';
import { clientSettings } from './client-settings.ts';
import type { GroupsTickets } from './groups-routes.ts';

const users = new WeakMap<Account, User>();

/** The user behind an Account that `findAccount` made. */
export function userOf(account: Account | undefined): User | undefined {
  return account && users.get(account);
}

export interface AccountDeps {
  standing: Standing;
  roles: Pick<Roles, 'rolesOfUser'>;
  tickets: GroupsTickets;
}

export function createFindAccount(tenant: Tenant, deps: AccountDeps) {
  return async function findAccount(ctx: KoaContextWithOIDC, sub: string): Promise<Account | undefined> {
    const user = await deps.standing.current(tenant, sub);
    if (!user) return undefined;
    const account: Account = {
      accountId: user.id,
      claims: async (_use, scope) => ({
        sub: user.id,
        ...(await claimsFor(tenant, deps, user, ctx.oidc.client, new Set(scope.split(' ')))),
      }),
    };
    users.set(account, user);
    return account;
  };
}

/** The claims of a user for a client; groups and roles are worked out only where a scope asks for them. */
export async function claimsFor(
  tenant: Tenant,
  deps: AccountDeps,
  user: User,
  client: Client | undefined,
  scopes: ReadonlySet<string>,
): Promise<Record<string, unknown>> {
  return claimsOf({
    user,
    tenant: tenant.slug,
    contactsVerified: user.directory === undefined || tenant.settings.policy.trustDirectoryContacts,
    groups: client && scopes.has('groups') ? await groupsOf(tenant, deps, user, client) : [],
    roles: scopes.has('roles') ? await rolesOf(tenant, deps, user) : [],
  });
}

async function groupsOf(
  tenant: Tenant,
  { tickets }: AccountDeps,
  user: User,
  client: Client,
): Promise<string[] | DistributedGroups> {
  const groups = groupsFor(clientSettings(client).groups, user.directory?.groups ?? []);
  if (groups.length <= tenant.settings.tokens.groupLimit) return groups;
  return tickets.issue(tenant, { userId: user.id, clientId: client.clientId });
}

function rolesOf(tenant: Tenant, { roles }: AccountDeps, user: User): Promise<string[]> {
  return roles.rolesOfUser({ tenantId: tenant.id, userId: user.id, directory: user.directory });
}
