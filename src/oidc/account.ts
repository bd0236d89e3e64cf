// The library's Account: a user that still stands, with the claims that a client gets to see.

import type { Account, Client, KoaContextWithOIDC } from 'oidc-provider';

import type { Roles } from '../roles/roles.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { Standing } from '../users/standing.ts';
import type { User } from '../users/users.ts';
import { claimsOf, groupsWithin } from './claims.ts';
import type { DistributedGroups } from './claims.ts';
import { clientSettings } from './client-settings.ts';
import type { GroupsTickets } from './groups-tickets.ts';

const users = new WeakMap<Account, User>();

/** The user behind an Account that `findAccount` made. */
export function userOf(account: Account | undefined): User | undefined {
  return account && users.get(account);
}

export interface AccountDeps {
  standing: Pick<Standing, 'current'>;
  roles: Pick<Roles, 'rolesOfUser'>;
  tickets: GroupsTickets;
}

export function createFindAccount(tenant: Tenant, deps: AccountDeps) {
  return async function findAccount(ctx: KoaContextWithOIDC, sub: string): Promise<Account | undefined> {
    const user = await deps.standing.current(tenant, sub);
    if (!user) return undefined;
    const account: Account = {
      accountId: user.id,
      claims: async (_use, scope, claims) => ({
        sub: user.id,
        ...(await claimsFor(tenant, deps, ctx, user, new Set([...scope.split(' '), ...Object.keys(claims)]))),
      }),
    };
    users.set(account, user);
    return account;
  };
}

/** `asked`: scopes, and claims by name. Groups and roles, which are both, are worked out only where they are among these. */
export async function claimsFor(
  tenant: Tenant,
  deps: AccountDeps,
  { oidc }: KoaContextWithOIDC,
  user: User,
  asked: ReadonlySet<string>,
): Promise<Record<string, unknown>> {
  return claimsOf({
    user,
    tenant: tenant.slug,
    trustDirectoryContacts: tenant.settings.policy.trustDirectoryContacts,
    groups: oidc.client && asked.has('groups') ? await groupsOf(tenant, deps, oidc, user, oidc.client) : undefined,
    roles: asked.has('roles') ? await rolesOf(tenant, deps, user) : undefined,
  });
}

async function groupsOf(
  tenant: Tenant,
  { tickets }: AccountDeps,
  { entities: { AccessToken: token } }: KoaContextWithOIDC['oidc'],
  user: User,
  client: Client,
): Promise<string[] | DistributedGroups> {
  const groups = groupsWithin(tenant.settings.tokens.groupLimit, clientSettings(client).groups, user.groups);
  if (groups) return groups;
  if (token?.grantId === undefined) throw new Error('claims are worked out without the access token that they go with');
  const sessionUid = token.expiresWithSession ? token.sessionUid : undefined;
  return tickets.issue(tenant, { userId: user.id, clientId: client.clientId, grantId: token.grantId, sessionUid });
}

function rolesOf(tenant: Tenant, { roles }: AccountDeps, user: User): Promise<string[]> {
  return roles.rolesOfUser({ tenantId: tenant.id, userId: user.id, groups: user.groups });
}
