// API keys of a tenant: made, shown once, renewed, rotated, revoked.

import { API_KEY_FIELDS } from '../../api-keys/api-keys.ts';
import type { ApiKeys } from '../../api-keys/api-keys.ts';
import type { ResourceTypes } from '../../roles/resource-types.ts';
import { actorOf } from '../caller.ts';
import type { Caller } from '../caller.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes, Target } from '../changes.ts';
import { invalid } from '../checked.ts';
import type { Grants } from '../grants.ts';
import { route } from '../route.ts';
import type { AdminRoute } from '../route.ts';
import {
  LONGEST_LIFE,
  USUAL_LIFE,
  apiKeyParams,
  apiKeyPatch,
  apiKeyRotation,
  apiKeyShape,
  newApiKey,
  shownApiKey,
  withKey,
} from './api-key-shape.ts';
import type { ShownApiKey } from './api-key-shape.ts';
import { assertKnownPermissions } from './known-permissions.ts';

export interface ApiKeyRoutesDeps {
  apiKeys: ApiKeys;
  resourceTypes: Pick<ResourceTypes, 'all'>;
  grants: Pick<Grants, 'assertMayGive'>;
  changes: Changes;
}

const TAG = 'API keys';
const PATH = '/tenants/{tenant}/api-keys';
export function apiKeyRoutes({ apiKeys, resourceTypes, grants, changes }: ApiKeyRoutesDeps): AdminRoute[] {
  const target = (tenantId: string, id: string): Target<ShownApiKey> => ({
    name: 'API key',
    lock: () => apiKeys.lock(tenantId, id),
    read: async () => {
      const key = await apiKeys.find(tenantId, id);
      return key && shownApiKey(key);
    },
  });
  const madeHere = async (tenantId: string, id: string): Promise<ShownApiKey> => {
    const made = await target(tenantId, id).read();
    if (!made) throw new Error('an API key is gone after it was made');
    return made;
  };

  return [
    route(
      {
        id: 'listApiKeys',
        method: 'GET',
        path: PATH,
        tag: TAG,
        summary: 'List the API keys',
        permission: 'api-keys:read',
        lists: API_KEY_FIELDS,
        answer: apiKeyShape,
      },
      async ({ tenant, list }) => {
        const { items, next } = await apiKeys.list(tenant.id, list);
        return { body: { items: items.map(shownApiKey), next } };
      },
    ),

    route(
      {
        id: 'createApiKey',
        method: 'POST',
        path: PATH,
        tag: TAG,
        summary: 'Make an API key',
        description: 'The answer holds the key, which is not kept and not shown again.',
        permission: 'api-keys:write',
        body: newApiKey,
        status: 201,
        answer: withKey,
      },
      async (call) => {
        const { caller, tenant, body } = call;
        await assertKnownPermissions(resourceTypes, tenant.id, body.permissions);
        grants.assertMayGive(caller, body.permissions);
        const settings = {
          name: body.name,
          permissions: [...new Set(body.permissions)].sort(),
          expiresAt: readExpiry(body.expiresAt) ?? inSeconds(USUAL_LIFE),
          createdBy: makerOf(caller, tenant.id),
        };
        let key = '';
        const answer = await changes.create(
          call,
          async () => {
            const created = await apiKeys.create(tenant.id, settings);
            key = created.key;
            return madeHere(tenant.id, created.id);
          },
          ({ id }) => ({ type: 'api_key.created', subject: { kind: 'api-key', id } }),
          ({ id }) => `/tenants/${tenant.slug}/api-keys/${id}`,
        );
        return { ...answer, body: { ...answer.body, key } };
      },
    ),

    route(
      {
        id: 'getApiKey',
        method: 'GET',
        path: `${PATH}/{apiKeyId}`,
        tag: TAG,
        summary: 'Show an API key, without the key itself',
        permission: 'api-keys:read',
        params: apiKeyParams,
        answer: apiKeyShape,
      },
      async ({ tenant, params: { apiKeyId } }) => shownWithEtag(await target(tenant.id, apiKeyId).read(), 'API key'),
    ),

    route(
      {
        id: 'updateApiKey',
        method: 'PATCH',
        path: `${PATH}/{apiKeyId}`,
        tag: TAG,
        summary: 'Rename an API key, or change when it expires',
        permission: 'api-keys:write',
        params: apiKeyParams,
        body: apiKeyPatch,
        answer: apiKeyShape,
      },
      (call) => {
        const { caller, tenant, body, params: named } = call;
        const event = { type: 'api_key.changed', subject: { kind: 'api-key', id: named.apiKeyId } } as const;
        return changes.amend(call, 'PATCH', target(tenant.id, named.apiKeyId), event, async (before) => {
          const until = new Date(before.expiresAt);
          const next = readExpiry(body.expiresAt) ?? until;
          // A longer life is as good as another key.
          if (next > until) grants.assertMayGive(caller, before.permissions);
          await apiKeys.change(tenant.id, before.id, { name: body.name ?? before.name, expiresAt: next });
        });
      },
    ),

    route(
      {
        id: 'rotateApiKey',
        method: 'POST',
        path: `${PATH}/{apiKeyId}:rotate`,
        tag: TAG,
        summary: 'Replace an API key by a new one',
        description:
          'The answer holds the new key. The one before stays good for the overlap, so that nothing stands still.',
        permission: 'api-keys:write',
        params: apiKeyParams,
        body: apiKeyRotation,
        answer: withKey,
      },
      async (call) => {
        const { caller, tenant, body, params: named } = call;
        const event = { type: 'api_key.rotated', subject: { kind: 'api-key', id: named.apiKeyId } } as const;
        let key = '';
        const answer = await changes.amend(call, 'POST', target(tenant.id, named.apiKeyId), event, async (before) => {
          grants.assertMayGive(caller, before.permissions);
          key = await apiKeys.rotate(tenant.id, before.id, body.overlap);
        });
        return { ...answer, body: { ...answer.body, key } };
      },
    ),

    route(
      {
        id: 'deleteApiKey',
        method: 'DELETE',
        path: `${PATH}/{apiKeyId}`,
        tag: TAG,
        summary: 'Revoke an API key',
        permission: 'api-keys:write',
        params: apiKeyParams,
        status: 204,
      },
      (call) => {
        const { tenant, params: named } = call;
        const event = { type: 'api_key.deleted', subject: { kind: 'api-key', id: named.apiKeyId } } as const;
        return changes.remove(call, target(tenant.id, named.apiKeyId), event, ({ id }) =>
          apiKeys.remove(tenant.id, id),
        );
      },
    ),
  ];
}

/** Of a key without an end nobody knows who still has it. */
function readExpiry(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const at = new Date(text);
  if (at > new Date() && at <= inSeconds(LONGEST_LIFE)) return at;
  throw invalid([{ pointer: '#/expiresAt', detail: 'is to be in the future, and within a year' }]);
}

function inSeconds(seconds: number): Date {
  return new Date(Date.now() + seconds * 1000);
}

function makerOf(caller: Caller, tenantId: string): string {
  const { kind, id, tenant } = actorOf(caller, tenantId);
  return `${tenant === undefined ? '' : `${tenant}/`}${kind}:${id}`;
}
