// The roles that an application itself holds, for what it does by client credentials.

import type { AdministerClients } from '../../clients/administer-clients.ts';
import type { Roles } from '../../roles/roles.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes } from '../changes.ts';
import { clientParams, eventOf } from './client-routes.ts';
import type { Grants } from '../grants.ts';
import type { KeepOwner } from '../keep-owner.ts';
import { giveRoles, shownHeldRoles } from './held-roles.ts';
import { heldRoles, roleNames } from './role-shape.ts';
import type { HeldRoles } from './role-shape.ts';
import { route } from '../route.ts';
import type { AdminRoute } from '../route.ts';

export interface ClientRoleRoutesDeps {
  administerClients: Pick<AdministerClients, 'find' | 'lock'>;
  roles: Pick<Roles, 'givenTo' | 'rolesOfClient' | 'setRolesOf' | 'unknownAmong'>;
  grants: Pick<Grants, 'assertMayGiveRoles'>;
  keepOwner: KeepOwner;
  changes: Changes;
}

const TAG = 'Clients';
const PATH = '/tenants/{tenant}/clients/{clientId}/roles';

export function clientRoleRoutes(deps: ClientRoleRoutesDeps): AdminRoute[] {
  const { administerClients, roles, changes } = deps;

  async function read(tenantId: string, clientId: string): Promise<HeldRoles | undefined> {
    if (!(await administerClients.find(tenantId, clientId))) return undefined;
    const given = await roles.givenTo(tenantId, { kind: 'client', id: clientId });
    return shownHeldRoles(given, await roles.rolesOfClient(tenantId, clientId));
  }

  return [
    route(
      {
        id: 'getClientRoles',
        method: 'GET',
        path: PATH,
        tag: TAG,
        summary: 'Show the roles that an application holds',
        permission: 'clients:read',
        params: clientParams,
        answer: heldRoles,
      },
      async ({ tenant, params: { clientId } }) => shownWithEtag(await read(tenant.id, clientId), 'client'),
    ),

    route(
      {
        id: 'setClientRoles',
        method: 'PUT',
        path: PATH,
        tag: TAG,
        summary: 'Give an application these roles and no others',
        description:
          'Nobody gives, and nobody takes away, a role that permits what they may not do themselves. Roles that the configuration file ' +
          'gave stay.',
        permission: 'roles:write',
        params: clientParams,
        body: roleNames,
        answer: heldRoles,
      },
      (call) => {
        const {
          tenant,
          params: { clientId: id },
        } = call;
        const target = {
          name: 'client',
          lock: () => administerClients.lock(tenant.id, id),
          read: () => read(tenant.id, id),
        };
        return changes.amend(call, 'PUT', target, eventOf('client.changed', id), (before) =>
          giveRoles(deps, call, { kind: 'client', id }, before),
        );
      },
    ),
  ];
}
