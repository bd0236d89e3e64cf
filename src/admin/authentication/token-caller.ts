// Who stands behind an access token, now: the person or the client that it was issued to, with the roles that they hold today.

import type { Roles } from '../../roles/roles.ts';
import type { Clients } from '../../clients/clients.ts';
import type { Standing } from '../../users/standing.ts';
import type { AccessToken, Principal } from './access-token.ts';
import type { Caller, GroupPermission } from '../caller.ts';
import { covers, cut } from '../permissions.ts';

type UsersPrincipal = Extract<Principal, { kind: 'user' }>;

export interface TokenGrounds {
  /** Local groups that the user manages, by id; undefined where the grant, or the session it goes with, has ended. */
  managedGroups(tenantId: string, userId: string, clientId: string, by: UsersPrincipal): Promise<string[] | undefined>;
}

export interface TokenCallerDeps {
  standing: Pick<Standing, 'current'>;
  clients: Pick<Clients, 'find'>;
  roles: Pick<Roles, 'rolesOfUser' | 'rolesOfClient' | 'permissionsOf'>;
  grounds: TokenGrounds;
}

/** Undefined where nobody stands behind it any more. */
export type TokenCaller = (token: AccessToken) => Promise<Caller | undefined>;

export function createTokenCaller({ standing, clients, roles, grounds }: TokenCallerDeps): TokenCaller {
  async function person(token: AccessToken, by: UsersPrincipal): Promise<Caller | undefined> {
    const { tenant, subject, clientId, scope, acr, authTime } = token;
    const user = await standing.current(tenant, subject);
    const managed = user && (await grounds.managedGroups(tenant.id, user.id, clientId, by));
    if (!user || !managed) return undefined;
    const held = await roles.rolesOfUser({ tenantId: tenant.id, userId: user.id, groups: user.groups });
    return {
      kind: 'user',
      id: user.id,
      tenant,
      permissions: cut(await roles.permissionsOf(tenant.id, held), scope),
      managedGroups: new Set(managed),
      managing: managingBy(scope),
      signIn: { acr, authTime },
    };
  }

  async function service({ tenant, subject, clientId, scope }: AccessToken): Promise<Caller | undefined> {
    const client = subject === clientId ? await clients.find(tenant.id, clientId) : undefined;
    if (!client?.metadata.grant_types.includes('client_credentials')) return undefined;
    const held = await roles.permissionsOf(tenant.id, await roles.rolesOfClient(tenant.id, clientId));
    return { kind: 'client', id: clientId, tenant, permissions: cut(held, scope), managedGroups: new Set() };
  }

  return async (token) => {
    if (token.tenant.status !== 'active') return undefined;
    return token.principal.kind === 'user' ? person(token, token.principal) : service(token);
  };
}

/** To manage a group takes no role, but a token that is for it. */
function managingBy(scope: readonly string[]): GroupPermission | undefined {
  return (['groups:write', 'groups:read'] as const).find((permission) => covers(scope, permission));
}
