// API keys of a tenant: made, shown once, renewed, rotated, revoked.

import { z } from 'zod';

import { API_KEY_FIELDS } from '../../api-keys/api-keys.ts';
import type { ApiKey, ApiKeys } from '../../api-keys/api-keys.ts';
import { actorOf } from '../caller.ts';
import type { Caller } from '../caller.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes, Target } from '../changes.ts';
import { invalid } from '../checked.ts';
import type { Grants } from '../grants.ts';
import { ADMIN_PERMISSIONS } from '../permissions.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute } from '../route.ts';

export interface ApiKeyRoutesDeps {
  apiKeys: ApiKeys;
  grants: Pick<Grants, 'assertMayGive'>;
  changes: Changes;
}

const DAY = 86_400;
const USUAL_LIFE = 90 * DAY;
const LONGEST_LIFE = 365 * DAY;
const USUAL_OVERLAP = DAY;
const LONGEST_OVERLAP = 7 * DAY;

const TAG = 'API keys';
const PATH = '/tenants/{tenant}/api-keys';
const params = z.strictObject({ apiKeyId: idParam });
const time = z.iso.datetime({ offset: true });
const name = z.string().trim().min(1).max(100);
const expiresAt = time.describe('Within a year; in 90 days if left out');

const apiKeyShape = z.strictObject({
  id: idParam,
  name: z.string(),
  permissions: z.array(z.string()),
  createdBy: z.string().describe('Who made it, as `user:<id>`; of another tenant with its name before that'),
  expiresAt: time,
  lastUsedAt: time.optional().describe('To the minute'),
  previousUntil: time.optional().describe('Until then the key from before the last rotation is good, too'),
  createdAt: time,
  updatedAt: time,
});
type ShownApiKey = z.output<typeof apiKeyShape>;
const withKey = apiKeyShape.extend({ key: z.string().describe('The key itself. It is not shown again') });

const newApiKey = z.strictObject({
  name,
  permissions: z
    .array(z.enum(ADMIN_PERMISSIONS))
    .min(1)
    .max(ADMIN_PERMISSIONS.length)
    .describe('What it may do: one by one, and no more than you hold'),
  expiresAt: expiresAt.optional(),
});

export function apiKeyRoutes({ apiKeys, grants, changes }: ApiKeyRoutesDeps): AdminRoute[] {
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
        params,
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
        params,
        body: z.strictObject({ name: name.optional(), expiresAt: expiresAt.optional() }),
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
        params,
        body: z.strictObject({
          overlap: z
            .int()
            .min(0)
            .max(LONGEST_OVERLAP)
            .default(USUAL_OVERLAP)
            .describe('Seconds for which the key so far stays good; 0 after it has leaked'),
        }),
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
        params,
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

function shownApiKey({ permissions, lastUsedAt, previousUntil, ...key }: ApiKey): ShownApiKey {
  return {
    id: key.id,
    name: key.name,
    permissions: [...permissions],
    createdBy: key.createdBy,
    expiresAt: key.expiresAt.toISOString(),
    ...(lastUsedAt && { lastUsedAt: lastUsedAt.toISOString() }),
    ...(previousUntil && { previousUntil: previousUntil.toISOString() }),
    createdAt: key.createdAt.toISOString(),
    updatedAt: key.updatedAt.toISOString(),
  };
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
