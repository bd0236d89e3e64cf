// What a user allowed which application: see it, and take it back for them.

import { z } from 'zod';

import type { Consent, Consents } from '../../login/consents.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes } from '../changes.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute, Call } from '../route.ts';
import { USER_PATH, subjectOf } from './user-target.ts';
import type { UserTargets } from './user-target.ts';

export interface UserConsentRoutesDeps {
  consents: Pick<Consents, 'list' | 'remove'>;
  userTargets: UserTargets;
  changes: Changes;
}

const TAG = 'Users';
const PATH = `${USER_PATH}/consents`;
const params = z.strictObject({ userId: idParam });
const ofConsent = params.extend({ clientId: z.string().min(1).max(128) });

const consentShape = z
  .strictObject({
    clientId: z.string(),
    scopes: z.array(z.string()),
    claims: z.array(z.string()).describe('Single claims, beside those of the scopes'),
    resources: z.record(z.string(), z.array(z.string())).describe('Scopes by resource (RFC 8707)'),
    grantedAt: z.iso.datetime(),
  })
  .meta({ id: 'Consent' });

export function userConsentRoutes({ consents, userTargets, changes }: UserConsentRoutesDeps): AdminRoute[] {
  async function read({
    tenant,
    params: { userId, clientId },
  }: Pick<Call<z.output<typeof ofConsent>>, 'tenant' | 'params'>) {
    const found = (await consents.list(tenant.id, userId)).find((one) => one.clientId === clientId);
    return found && shownConsent(found);
  }

  return [
    route(
      {
        id: 'listUserConsents',
        method: 'GET',
        path: PATH,
        tag: TAG,
        summary: 'List what a user allowed applications',
        permission: 'users:read',
        params,
        answer: z.strictObject({ items: z.array(consentShape) }).meta({ id: 'Consents' }),
      },
      async (call) => {
        const { id } = await userTargets.existing(call);
        return { body: { items: (await consents.list(call.tenant.id, id)).map(shownConsent) } };
      },
    ),

    route(
      {
        id: 'getUserConsent',
        method: 'GET',
        path: `${PATH}/{clientId}`,
        tag: TAG,
        summary: 'Show what a user allowed an application',
        permission: 'users:read',
        params: ofConsent,
        answer: consentShape,
      },
      async (call) => shownWithEtag(await read(call), 'consent'),
    ),

    route(
      {
        id: 'deleteUserConsent',
        method: 'DELETE',
        path: `${PATH}/{clientId}`,
        tag: TAG,
        summary: 'Take back what a user allowed an application',
        description: "The application's refresh tokens for this user end with it, and the user is asked again.",
        permission: 'users:write',
        params: ofConsent,
        status: 204,
      },
      (call) => {
        const { userId, clientId } = call.params;
        const target = userTargets.partOf(call, 'consent', () => read(call));
        const detail = { client: clientId };
        return changes.remove(
          call,
          target,
          { type: 'consent.revoked', subject: subjectOf(userId), detail },
          async () => {
            await consents.remove(call.tenant.id, userId, clientId);
          },
        );
      },
    ),
  ];
}

function shownConsent({ clientId, scopes, claims, resources, grantedAt }: Consent): z.output<typeof consentShape> {
  return {
    clientId,
    scopes: [...scopes],
    claims: [...claims],
    resources: Object.fromEntries(Object.entries(resources).map(([name, of]) => [name, [...of]])),
    grantedAt: grantedAt.toISOString(),
  };
}
