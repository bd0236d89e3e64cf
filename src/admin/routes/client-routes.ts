// Applications of a tenant: register them, change them, take them away. Their secrets are client-secret-routes.ts's, their roles
// client-role-routes.ts's.

import { z } from 'zod';

import { CLIENT_FIELDS } from '../../clients/administer-clients.ts';
import type { AdministerClients } from '../../clients/administer-clients.ts';
import type { Roles } from '../../roles/roles.ts';
import type { Tenant } from '../../tenants/tenants.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes, Target, WriteEvent } from '../changes.ts';
import { checkedMetadata } from './client-metadata-check.ts';
import { assertMayReach } from './client-reach.ts';
import { clientBody, clientPatch, clientShape, newClientBody, shownClient } from './client-shape.ts';
import type { ShownClient } from './client-shape.ts';
import type { Grants } from '../grants.ts';
import { mergePatch } from '../merge-patch.ts';
import { adminScopesIn } from '../permissions.ts';
import { Problem } from '../problem.ts';
import { route } from '../route.ts';
import type { AdminRoute, Answer, Call, Method } from '../route.ts';

export interface ClientRoutesDeps {
  administerClients: AdministerClients;
  roles: Pick<Roles, 'rolesOfClient'>;
  grants: Pick<Grants, 'assertMayGive' | 'assertMayGiveRoles'>;
  changes: Changes;
  issuerOf(tenant: Tenant): string;
}

const TAG = 'Clients';
const PATH = '/tenants/{tenant}/clients';
export const clientParams = z.strictObject({ clientId: z.string().min(1).max(128) });
type ClientCall = Call<z.output<typeof clientParams>>;

export function clientRoutes(deps: ClientRoutesDeps): AdminRoute[] {
  const { administerClients, changes } = deps;

  return [
    route(
      {
        id: 'listClients',
        method: 'GET',
        path: PATH,
        tag: TAG,
        summary: 'List the applications of a tenant',
        permission: 'clients:read',
        lists: CLIENT_FIELDS,
        defaultSort: 'client_id',
        answer: clientShape,
      },
      async ({ tenant, list }) => {
        const { items, next } = await administerClients.list(tenant.id, list);
        return { body: { items: items.map(shownClient), next } };
      },
    ),

    route(
      {
        id: 'getClient',
        method: 'GET',
        path: `${PATH}/{clientId}`,
        tag: TAG,
        summary: 'Show an application',
        permission: 'clients:read',
        params: clientParams,
        answer: clientShape,
      },
      async ({ tenant, params: { clientId } }) => {
        const client = await administerClients.find(tenant.id, clientId);
        return shownWithEtag(client && shownClient(client), 'client');
      },
    ),

    route(
      {
        id: 'createClient',
        method: 'POST',
        path: PATH,
        tag: TAG,
        summary: 'Register an application',
        description: 'Where it proves who it is by a secret, one is made, and shown in this answer only.',
        permission: 'clients:write',
        body: newClientBody,
        status: 201,
        answer: clientShape,
      },
      (call) => create(deps, call, call.body),
    ),

    route(
      {
        id: 'replaceClient',
        method: 'PUT',
        path: `${PATH}/{clientId}`,
        tag: TAG,
        summary: 'Replace the metadata of an application',
        permission: 'clients:write',
        params: clientParams,
        body: clientBody,
        answer: clientShape,
      },
      (call) => amend(deps, call, 'PUT', () => call.body),
    ),

    route(
      {
        id: 'updateClient',
        method: 'PATCH',
        path: `${PATH}/{clientId}`,
        tag: TAG,
        summary: 'Change an application',
        permission: 'clients:write',
        params: clientParams,
        body: clientPatch,
        answer: clientShape,
      },
      (call) => amend(deps, call, 'PATCH', (before) => mergePatch(before, call.body)),
    ),

    route(
      {
        id: 'deleteClient',
        method: 'DELETE',
        path: `${PATH}/{clientId}`,
        tag: TAG,
        summary: 'Take an application away',
        description:
          'Its grants, refresh tokens, consents, secrets and roles end with it. Of one that reaches further than you, it is refused.',
        permission: 'clients:write',
        params: clientParams,
        status: 204,
      },
      (call) =>
        changes.remove(
          call,
          clientTarget(deps, call),
          eventOf('client.deleted', call.params.clientId),
          async ({ scope }) => {
            await assertMayReach(deps, call, call.params.clientId, [scope ?? undefined]);
            await administerClients.remove(call.tenant.id, call.params.clientId);
          },
        ),
    ),
  ];
}

async function create(
  { administerClients, grants, changes, issuerOf }: ClientRoutesDeps,
  call: Call,
  { client_id, ...given }: z.output<typeof newClientBody>,
): Promise<Answer<ShownClient>> {
  const { caller, tenant } = call;
  let secret: string | undefined;
  const make = async () => {
    const metadata = await checkedMetadata({ administerClients, issuerOf }, tenant, given);
    grants.assertMayGive(caller, adminScopesIn(metadata.scope));
    const made = await administerClients.create(tenant.id, { clientId: client_id, metadata });
    if (!made.ok) throw new Problem('conflict', 'There is a client of this client_id.');
    secret = made.value.secret;
    const client = await administerClients.find(tenant.id, made.value.clientId);
    if (!client) throw new Error('a client is gone after it was made');
    return shownClient(client);
  };
  const event = (made: ShownClient) => eventOf('client.created', made.client_id);
  const location = (made: ShownClient) => `/tenants/${tenant.slug}/clients/${encodeURIComponent(made.client_id)}`;
  return withSecret(await changes.create(call, make, event, location), secret);
}

async function amend(
  { administerClients, roles, grants, changes, issuerOf }: ClientRoutesDeps,
  call: ClientCall,
  method: Method,
  wanted: (before: Record<string, unknown>) => unknown,
): Promise<Answer<ShownClient>> {
  const { tenant } = call;
  const { clientId } = call.params;
  let secret: string | undefined;
  const target = clientTarget({ administerClients }, call);
  const answer = await changes.amend(call, method, target, eventOf('client.changed', clientId), async (before) => {
    const metadata = await checkedMetadata({ administerClients, issuerOf }, tenant, wanted(metadataOf(before)));
    await assertMayReach({ roles, grants }, call, clientId, [before.scope, metadata.scope]);
    secret = await administerClients.change(tenant.id, clientId, metadata);
  });
  return withSecret(answer, secret);
}

/** What a body may say; `roles` is not among it. */
function metadataOf(shown: ShownClient): Record<string, unknown> {
  const { client_id, client_secret, roles, managedBy, createdAt, updatedAt, ...metadata } = shown;
  return metadata;
}

/** Beside what is audited and what the entity tag is made of: it is shown now, and never again. */
function withSecret(answer: Answer<ShownClient>, secret: string | undefined): Answer<ShownClient> {
  return secret === undefined ? answer : { ...answer, body: { ...answer.body, client_secret: secret } };
}

function clientTarget(
  { administerClients }: Pick<ClientRoutesDeps, 'administerClients'>,
  { tenant, params: { clientId } }: ClientCall,
): Target<ShownClient> {
  return {
    name: 'client',
    lock: () => administerClients.lock(tenant.id, clientId),
    async read() {
      const client = await administerClients.find(tenant.id, clientId);
      return client && shownClient(client);
    },
  };
}

export function eventOf(type: WriteEvent['type'], clientId: string): WriteEvent {
  return { type, subject: { kind: 'client', id: clientId } };
}
