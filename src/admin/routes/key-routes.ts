// Signing keys of a tenant. Private halves are never shown.

import { z } from 'zod';

import { PUBLISHED_FOR, SIGNING_ALGS, publicHalf } from '../../keys/keys.ts';
import type { Keys, SigningKey } from '../../keys/keys.ts';
import { actorOf } from '../caller.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes, Target } from '../changes.ts';
import { Problem } from '../problem.ts';
import { route, time } from '../route.ts';
import type { AdminRoute } from '../route.ts';

export interface KeyRoutesDeps {
  keys: Pick<Keys, 'list' | 'lock' | 'rotate' | 'withdraw'>;
  changes: Changes;
}

const TAG = 'Keys';
const ALL = '/tenants/{tenant}/keys';

const keyShape = z
  .strictObject({
    kid: z.string().describe('As the header of its tokens has it (RFC 7638)'),
    alg: z.enum(SIGNING_ALGS),
    state: z
      .enum(['active', 'next', 'retired'])
      .describe(
        'active: it signs. next: it is published, and signs after the next rotation. retired: its tokens may still be about',
      ),
    createdAt: time,
    retiredAt: time.nullable(),
    publicKey: z.record(z.string(), z.string()).describe('As /jwks has it (RFC 7517)'),
  })
  .meta({ id: 'SigningKey' });
type ShownKey = z.output<typeof keyShape>;
const keysShape = z.strictObject({ items: z.array(keyShape) }).meta({ id: 'SigningKeys' });

const params = z.strictObject({ kid: z.string().min(1).max(100) });

export function keyRoutes({ keys, changes }: KeyRoutesDeps): AdminRoute[] {
  const targetOf = (tenantId: string, kid: string): Target<ShownKey> => ({
    name: 'key',
    lock: () => keys.lock(tenantId),
    read: async () => {
      const key = (await keys.list(tenantId)).find((one) => one.kid === kid);
      return key && shownKey(key);
    },
  });
  const shownKeys = async (tenantId: string) => ({ body: { items: (await keys.list(tenantId)).map(shownKey) } });
  return [
    route(
      {
        id: 'listKeys',
        method: 'GET',
        path: ALL,
        tag: TAG,
        summary: 'List the signing keys of a tenant, those that sign first',
        permission: 'keys:read',
        answer: keysShape,
      },
      ({ tenant }) => shownKeys(tenant.id),
    ),

    route(
      {
        id: 'getKey',
        method: 'GET',
        path: `${ALL}/{kid}`,
        tag: TAG,
        summary: 'Show a signing key, without its private half',
        permission: 'keys:read',
        params,
        answer: keyShape,
      },
      async ({ tenant, params: { kid } }) => shownWithEtag(await targetOf(tenant.id, kid).read(), 'key'),
    ),

    route(
      {
        id: 'rotateKeys',
        method: 'POST',
        path: `${ALL}:rotate`,
        tag: TAG,
        summary: 'Sign with the next keys from now on',
        description:
          'Refused while the next keys have been published for less than an hour, so that applications know them. `now` does it all the same: for a key that got out.',
        permission: 'keys:write',
        body: z
          .strictObject({ now: z.boolean().default(false).describe('Without waiting for the hour') })
          .meta({ id: 'KeyRotation' })
          .prefault({}),
        answer: keysShape,
      },
      async ({ tenant, caller, body: { now } }) => {
        const actor = actorOf(caller, tenant.id);
        const rotated = await keys.rotate(tenant.id, { publishedFor: now ? 0 : PUBLISHED_FOR, actor });
        if (!rotated.ok) {
          throw new Problem('wrong-state', 'The next keys have not been published for an hour yet. Wait, or send now.');
        }
        return shownKeys(tenant.id);
      },
    ),

    route(
      {
        id: 'retireKey',
        method: 'POST',
        path: `${ALL}/{kid}:retire`,
        tag: TAG,
        summary: 'Publish a retired key no longer: tokens that it signed are good no more',
        permission: 'keys:write',
        params,
        status: 204,
      },
      (call) => {
        const {
          tenant,
          params: { kid },
        } = call;
        const event = { type: 'key.retired', subject: { kind: 'key', id: kid } } as const;
        return changes.remove(
          call,
          targetOf(tenant.id, kid),
          event,
          async ({ state }) => {
            if (state === 'retired') return keys.withdraw(tenant.id, kid);
            throw new Problem('wrong-state', 'The key signs, or is about to: rotate the keys first.');
          },
          'POST',
        );
      },
    ),
  ];
}

function shownKey({ kid, alg, state, createdAt, retiredAt, jwk }: SigningKey): z.output<typeof keyShape> {
  return {
    kid,
    alg,
    state,
    createdAt: createdAt.toISOString(),
    retiredAt: retiredAt?.toISOString() ?? null,
    publicKey: publicHalf(jwk),
  };
}
