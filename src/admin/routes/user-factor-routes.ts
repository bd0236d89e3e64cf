// A user's second factors: which there are, never their secrets; one of them, or all, taken away.

import { z } from 'zod';

import { FACTORS } from '../../policy/factors.ts';
import type { Enrolments } from '../../second-factors/enrolments.ts';
import type { Enrolment } from '../../second-factors/second-factor.ts';
import type { UserAdministration } from '../../users/administer-users.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes, WriteEvent } from '../changes.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute, Call } from '../route.ts';
import { userShape } from './user-shape.ts';
import { USER_PATH, subjectOf } from './user-target.ts';
import type { UserTargets } from './user-target.ts';

export interface UserFactorRoutesDeps {
  enrolments: Pick<Enrolments, 'list'>;
  userAdministration: Pick<UserAdministration, 'resetFactors' | 'removeFactor'>;
  userTargets: UserTargets;
  changes: Changes;
}

const TAG = 'Users';
const PATH = `${USER_PATH}/factors`;
const params = z.strictObject({ userId: idParam });
const ofFactor = params.extend({ factorId: idParam });

const factorShape = z
  .strictObject({
    id: z.uuid(),
    factor: z.enum(FACTORS),
    name: z.string().describe('As its owner calls it'),
    remaining: z.int().nonnegative().nullable().describe('Recovery codes that are left'),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Factor' });

export function userFactorRoutes(deps: UserFactorRoutesDeps): AdminRoute[] {
  const { enrolments, userAdministration, userTargets, changes } = deps;

  async function read({
    tenant,
    params: { userId, factorId },
  }: Pick<Call<z.output<typeof ofFactor>>, 'tenant' | 'params'>) {
    const found = (await enrolments.list(tenant.id, userId)).find(({ id }) => id === factorId);
    return found && shownFactor(found);
  }

  return [
    route(
      {
        id: 'listUserFactors',
        method: 'GET',
        path: PATH,
        tag: TAG,
        summary: 'List the second factors that a user has enrolled',
        description: 'An address or a number that the directory vouches for is none of them.',
        permission: 'factors:read',
        params,
        answer: z.strictObject({ items: z.array(factorShape) }).meta({ id: 'Factors' }),
      },
      async (call) => {
        const { id } = await userTargets.existing(call);
        return { body: { items: (await enrolments.list(call.tenant.id, id)).map(shownFactor) } };
      },
    ),

    route(
      {
        id: 'getUserFactor',
        method: 'GET',
        path: `${PATH}/{factorId}`,
        tag: TAG,
        summary: 'Show a second factor of a user',
        permission: 'factors:read',
        params: ofFactor,
        answer: factorShape,
      },
      async (call) => shownWithEtag(await read(call), 'factor'),
    ),

    route(
      {
        id: 'deleteUserFactor',
        method: 'DELETE',
        path: `${PATH}/{factorId}`,
        tag: TAG,
        summary: 'Remove a second factor of a user',
        description:
          'Even the last one. They are told by mail, and signed out. Without any, they enrol anew at the next sign-in.',
        permission: 'factors:write',
        params: ofFactor,
        status: 204,
      },
      (call) => {
        const { userId, factorId } = call.params;
        const target = userTargets.partOf(call, 'factor', () => read(call));
        const event: WriteEvent = { type: 'second_factor.removed', subject: subjectOf(userId) };
        return changes.remove(call, target, event, async ({ factor, name }) => {
          event.detail = { factor, name };
          await userAdministration.removeFactor(await userTargets.managed(call), factorId);
        });
      },
    ),

    route(
      {
        id: 'resetUserFactors',
        method: 'POST',
        path: `${USER_PATH}:resetFactors`,
        tag: TAG,
        summary: 'Take all second factors of a user away',
        description:
          'Recovery codes and the trust in their browsers as well. They are told by mail, and signed out. They enrol anew at the next ' +
          'sign-in; with enrolBy link only by way of a one-time link, so that whoever knows the password alone does not do it for them.',
        permission: 'factors:write',
        params,
        body: z
          .strictObject({ enrolBy: z.enum(['sign-in', 'link']).describe('link: only by way of a one-time link') })
          .meta({ id: 'FactorReset' }),
        answer: userShape,
      },
      (call) => {
        const { enrolBy } = call.body;
        const event: WriteEvent = { type: 'user.factors_reset', subject: subjectOf(call.params.userId) };
        return changes.amend(call, 'POST', userTargets.target(call), event, async () => {
          const removed = await userAdministration.resetFactors(await userTargets.managed(call), enrolBy);
          event.detail = { enrolBy, factors: removed.map(({ factor }) => factor) };
        });
      },
    ),
  ];
}

function shownFactor({ id, factor, name, createdAt, lastUsedAt, remaining }: Enrolment): z.output<typeof factorShape> {
  return {
    id,
    factor,
    name,
    remaining: remaining ?? null,
    createdAt: createdAt.toISOString(),
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  };
}
