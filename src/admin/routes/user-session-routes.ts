// Where a user is signed in, and when they did so: see it, and end it.

import { z } from 'zod';

import type { AuditTrail } from '../../audit/audit-trail.ts';
import { SESSION_FIELDS } from '../../sessions/session-list.ts';
import type { SessionList } from '../../sessions/session-list.ts';
import type { UserAdministration } from '../../users/administer-users.ts';
import type { Changes } from '../changes.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute } from '../route.ts';
import { sessionShape, shownSession } from './session-shape.ts';
import { userShape } from './user-shape.ts';
import { USER_PATH, subjectOf } from './user-target.ts';
import type { UserTargets } from './user-target.ts';

export interface UserSessionRoutesDeps {
  sessionList: SessionList;
  auditTrail: AuditTrail;
  userAdministration: Pick<UserAdministration, 'signOut'>;
  userTargets: UserTargets;
  changes: Changes;
}

const TAG = 'Users';
const params = z.strictObject({ userId: idParam });
const PATH = `${USER_PATH}/sessions`;

const { userId: _, ...FIELDS } = SESSION_FIELDS;

const signInShape = z
  .strictObject({
    at: z.iso.datetime(),
    succeeded: z.boolean(),
    clientId: z.string().nullable().describe('To which application; known where it succeeded'),
    address: z.string().nullable(),
    userAgent: z.string().nullable(),
  })
  .meta({ id: 'SignIn' });

export function userSessionRoutes(deps: UserSessionRoutesDeps): AdminRoute[] {
  const { sessionList, userAdministration, userTargets, changes } = deps;

  return [
    route(
      {
        id: 'listUserSessions',
        method: 'GET',
        path: PATH,
        tag: TAG,
        summary: 'List the sessions of a user that live',
        permission: 'sessions:read',
        params,
        lists: FIELDS,
        answer: sessionShape,
      },
      async (call) => {
        const { id: userId } = await userTargets.existing(call);
        const { items, next } = await sessionList.list(call.tenant.id, call.list, { userId });
        return { body: { items: items.map(shownSession), next } };
      },
    ),

    route(
      {
        id: 'endUserSessions',
        method: 'POST',
        path: `${USER_PATH}:endSessions`,
        tag: TAG,
        summary: 'End all sessions of a user',
        description: 'Also logins under way, refresh tokens that outlive a session, and the trust in their browsers.',
        permission: 'sessions:write',
        params,
        answer: userShape,
      },
      (call) => {
        const event = { type: 'user.signed_out', subject: subjectOf(call.params.userId) } as const;
        return changes.amend(call, 'POST', userTargets.target(call), event, async () => {
          await userAdministration.signOut(await userTargets.managed(call));
        });
      },
    ),

    signInsOf(deps),
  ];
}

/** Few enough for one answer. The whole story is in the audit trail. */
const MOST_SIGN_INS = 200;

function signInsOf({ auditTrail, userTargets }: UserSessionRoutesDeps): AdminRoute {
  return route(
    {
      id: 'listUserSignIns',
      method: 'GET',
      path: `${USER_PATH}/sign-ins`,
      tag: TAG,
      summary: 'List the last times that somebody signed in as this user, or tried to',
      permission: 'users:read',
      params,
      query: z.strictObject({ limit: z.coerce.number().int().min(1).max(MOST_SIGN_INS).default(50) }),
      answer: z.strictObject({ items: z.array(signInShape) }).meta({ id: 'SignIns' }),
    },
    async (call) => {
      const { tenant, query } = call;
      const { id: userId, directory: entry } = await userTargets.existing(call);
      const directory = tenant.directories.find(({ id }) => id === entry?.id);
      const whose = { userId, entry: directory && entry && { directory: directory.name, stableId: entry.stableId } };
      const found = await auditTrail.signIns(tenant.id, whose, query.limit);
      return {
        body: {
          items: found.map(({ at, succeeded, clientId = null, address = null, userAgent = null }) => ({
            at: at.toISOString(),
            succeeded,
            clientId,
            address,
            userAgent,
          })),
        },
      };
    },
  );
}
