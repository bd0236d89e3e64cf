// The roles that an application itself holds, for what it does by client credentials.

import type { AdministerClients } from '../../clients/administer-clients.ts';
import type { Roles, SetRolesRefusal } from '../../roles/roles.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes } from '../changes.ts';
import { asPointer, invalid } from '../checked.ts';
import { clientParams, eventOf } from './client-routes.ts';
import { clientRolesBody, clientRolesShape } from './client-shape.ts';
import type { Grants } from '../grants.ts';
import { Problem } from '../problem.ts';
import { route } from '../route.ts';
import type { AdminRoute } from '../route.ts';

export interface ClientRoleRoutesDeps {
  administerClients: AdministerClients;
  roles: Pick<Roles, 'rolesOfClient' | 'setRolesOf'>;
  grants: Pick<Grants, 'assertMayGiveRoles'>;
  changes: Changes;
}

const TAG = 'Clients';
const PATH = '/tenants/{tenant}/clients/{clientId}/roles';

export function clientRoleRoutes({ administerClients, roles, grants, changes }: ClientRoleRoutesDeps): AdminRoute[] {
  async function read(tenantId: string, clientId: string) {
    const client = await administerClients.find(tenantId, clientId);
    if (!client) return undefined;
    const effectiveRoles = await roles.rolesOfClient(tenantId, clientId);
    return { roles: [...client.roles], effectiveRoles, managedBy: client.managedBy };
  }

  return [
    route(
      {
        id: 'getClientRoles',
        method: 'GET',
        path: PATH,
        tag: TAG,
        summary: 'Show the roles of an application',
        permission: 'clients:read',
        params: clientParams,
        answer: clientRolesShape,
      },
      async ({ tenant, params: { clientId } }) => shownWithEtag(await read(tenant.id, clientId), 'client'),
    ),

    route(
      {
        id: 'setClientRoles',
        method: 'PUT',
        path: PATH,
        tag: TAG,
        summary: 'Set the roles of an application',
        description: 'Nobody gives, and nobody takes away, a role that permits what they may not do themselves.',
        permission: 'clients:write',
        params: clientParams,
        body: clientRolesBody,
        answer: clientRolesShape,
      },
      (call) => {
        const { caller, tenant, params, body } = call;
        const target = {
          name: 'client',
          lock: () => administerClients.lock(tenant.id, params.clientId),
          read: () => read(tenant.id, params.clientId),
        };
        return changes.amend(call, 'PUT', target, eventOf('client.changed', params.clientId), async (before) => {
          const changed = [
            ...body.roles.filter((role) => !before.roles.includes(role)),
            ...before.roles.filter((role) => !body.roles.includes(role)),
          ];
          await grants.assertMayGiveRoles(caller, tenant, changed);
          const set = await roles.setRolesOf(tenant.id, { kind: 'client', id: params.clientId }, body.roles);
          if (!set.ok) throw await refusalOf(set.reason, tenant.id, body.roles);
        });
      },
    ),
  ];

  async function refusalOf(reason: SetRolesRefusal, tenantId: string, names: readonly string[]): Promise<Problem> {
    if (reason === 'last-owner') return new Problem('last-owner', 'Nobody else would be an owner of this tenant.');
    const unknown = await administerClients.unknownRoles(tenantId, names);
    return invalid(unknown.map((role) => asPointer(['roles', names.indexOf(role)], 'is not a role of this tenant')));
  }
}
