// The secrets by which an application proves who it is: another one beside it, to change over to, and the old one away.

import { z } from 'zod';

import type { AdministerClients, RegisteredClient } from '../../clients/administer-clients.ts';
import type { Roles } from '../../roles/roles.ts';
import type { Tenant } from '../../tenants/tenants.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes } from '../changes.ts';
import { assertMayReach } from './client-reach.ts';
import { clientParams, eventOf } from './client-routes.ts';
import { newSecretBody, newSecretShape, secretShape, shownSecret } from './client-shape.ts';
import type { Grants } from '../grants.ts';
import { Problem, notFound } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute, Call } from '../route.ts';

export interface ClientSecretRoutesDeps {
  administerClients: AdministerClients;
  roles: Pick<Roles, 'rolesOfClient'>;
  grants: Pick<Grants, 'assertMayGive' | 'assertMayGiveRoles'>;
  changes: Changes;
}

const TAG = 'Clients';
const PATH = '/tenants/{tenant}/clients/{clientId}/secrets';
const params = clientParams.extend({ secretId: idParam });

export function clientSecretRoutes(deps: ClientSecretRoutesDeps): AdminRoute[] {
  const { administerClients, roles, grants, changes } = deps;
  const read = async (tenantId: string, clientId: string, id: string) => {
    const secret = (await administerClients.secrets(tenantId, clientId)).find((one) => one.id === id);
    return secret && shownSecret(secret);
  };

  return [
    route(
      {
        id: 'listClientSecrets',
        method: 'GET',
        path: PATH,
        tag: TAG,
        summary: 'List the secrets of an application',
        description: 'There are two at most. None of them is shown.',
        permission: 'clients:read',
        params: clientParams,
        answer: z.strictObject({ items: z.array(secretShape) }).meta({ id: 'ClientSecrets' }),
      },
      async ({ tenant, params: { clientId } }) => {
        if (!(await administerClients.find(tenant.id, clientId))) throw notFound('client');
        return { body: { items: (await administerClients.secrets(tenant.id, clientId)).map(shownSecret) } };
      },
    ),

    route(
      {
        id: 'getClientSecret',
        method: 'GET',
        path: `${PATH}/{secretId}`,
        tag: TAG,
        summary: 'Show when a secret was made and until when it is good',
        permission: 'clients:read',
        params,
        answer: secretShape,
      },
      async ({ tenant, params: { clientId, secretId } }) =>
        shownWithEtag(await read(tenant.id, clientId, secretId), 'secret'),
    ),

    route(
      {
        id: 'createClientSecret',
        method: 'POST',
        path: PATH,
        tag: TAG,
        summary: 'Make another secret for an application',
        description: 'It is shown in this answer only. The one before goes on for a while, so that there is no gap.',
        permission: 'clients:write',
        params: clientParams,
        body: newSecretBody,
        status: 201,
        answer: newSecretShape,
      },
      (call) => addSecret(deps, call, call.body),
    ),

    route(
      {
        id: 'deleteClientSecret',
        method: 'DELETE',
        path: `${PATH}/{secretId}`,
        tag: TAG,
        summary: 'Take a secret away',
        permission: 'clients:write',
        params,
        status: 204,
      },
      (call) => {
        const { tenant, params: named } = call;
        const { clientId, secretId } = named;
        const target = {
          name: 'secret',
          lock: () => administerClients.lock(tenant.id, clientId),
          read: () => read(tenant.id, clientId, secretId),
        };
        return changes.remove(call, target, eventOf('client.secret_removed', clientId), async () => {
          const { metadata } = await lockedClient(administerClients, tenant, clientId);
          await assertMayReach({ roles, grants }, call, clientId, [metadata.scope]);
          const removed = await administerClients.removeSecret(tenant.id, clientId, secretId);
          if (removed.ok) return;
          if (removed.reason === 'unknown') throw notFound('secret');
          throw new Problem('wrong-state', 'It is the last secret that is good: make another one first.');
        });
      },
    ),
  ];
}

async function addSecret(
  { administerClients, roles, grants, changes }: ClientSecretRoutesDeps,
  call: Call<z.output<typeof clientParams>>,
  { expiresAt, overlap }: z.output<typeof newSecretBody>,
) {
  const { tenant, params: named } = call;
  let secret = '';
  let previousUntil: string | null = null;
  const make = async () => {
    const client = await lockedClient(administerClients, tenant, named.clientId);
    await assertMayReach({ roles, grants }, call, client.id, [client.metadata.scope]);
    const wish = { expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt), overlap };
    const made = await administerClients.addSecret(tenant.id, client, wish);
    if (!made.ok) throw refusalOf(made.reason);
    ({ secret } = made.value);
    previousUntil = made.value.previousUntil?.toISOString() ?? null;
    return shownSecret(made.value);
  };
  const location = (id: string) =>
    `/tenants/${tenant.slug}/clients/${encodeURIComponent(named.clientId)}/secrets/${id}`;
  const answer = await changes.create(
    call,
    make,
    () => eventOf('client.secret_added', named.clientId),
    ({ id }) => location(id),
  );
  return { ...answer, body: { ...answer.body, client_secret: secret, previousUntil } };
}

async function lockedClient(
  administerClients: AdministerClients,
  { id: tenantId }: Tenant,
  clientId: string,
): Promise<RegisteredClient> {
  await administerClients.lock(tenantId, clientId);
  const client = await administerClients.find(tenantId, clientId);
  if (!client) throw notFound('client');
  if (client.managedBy === 'file') {
    throw new Problem('owned-by-file', 'The configuration file owns this client: change its secret there.');
  }
  return client;
}

function refusalOf(reason: 'no-use' | 'too-many'): Problem {
  if (reason === 'too-many') {
    return new Problem('conflict', 'Two secrets are good already: take one away, or wait until one has expired.');
  }
  return new Problem('wrong-state', 'The client does not prove who it is by a secret.');
}
