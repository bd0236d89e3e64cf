// Signing keys of a tenant. Private halves are never shown.

import { z } from 'zod';

import { PUBLISHED_FOR, SIGNING_ALGS, publicHalf } from '../../keys/keys.ts';
import type { Keys, SigningKey } from '../../keys/keys.ts';
import { actorOf } from '../caller.ts';
import { Problem, notFound } from '../problem.ts';
import { route } from '../route.ts';
import type { AdminRoute } from '../route.ts';

export interface KeyRoutesDeps {
  keys: Pick<Keys, 'list' | 'rotate' | 'retire'>;
}

const TAG = 'Keys';
const ALL = '/tenants/{tenant}/keys';
const time = z.iso.datetime();

const keyShape = z.strictObject({
  kid: z.string(),
  alg: z.enum(SIGNING_ALGS),
  state: z
    .enum(['active', 'next', 'retired'])
    .describe(
      'active: it signs. next: it is published, and signs after the next rotation. retired: its tokens may still be about',
    ),
  createdAt: time,
  retiredAt: time.optional(),
  publicKey: z.record(z.string(), z.string()).describe('As /jwks has it (RFC 7517)'),
});
const keysShape = z.strictObject({ keys: z.array(keyShape) });

export function keyRoutes({ keys }: KeyRoutesDeps): AdminRoute[] {
  const shownKeys = async (tenantId: string) => ({ body: { keys: (await keys.list(tenantId)).map(shownKey) } });
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
        id: 'rotateKeys',
        method: 'POST',
        path: `${ALL}:rotate`,
        tag: TAG,
        summary: 'Sign with the next keys from now on',
        description:
          'Refused while the next keys have been published for less than an hour, so that applications know them. `now` does it all the same: for a key that got out.',
        permission: 'keys:write',
        body: z.strictObject({ now: z.boolean().default(false) }).prefault({}),
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
        params: z.strictObject({ kid: z.string().min(1).max(100) }),
        status: 204,
      },
      async ({ tenant, caller, params: { kid } }) => {
        const retired = await keys.retire(tenant.id, kid, actorOf(caller, tenant.id));
        if (retired.ok) return { body: undefined };
        if (retired.reason === 'unknown') throw notFound('key');
        throw new Problem('wrong-state', 'The key signs, or is about to: rotate the keys first.');
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
    ...(retiredAt && { retiredAt: retiredAt.toISOString() }),
    publicKey: publicHalf(jwk),
  };
}
