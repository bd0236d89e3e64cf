// Sessions of a tenant's people: see them, and end one.

import { z } from 'zod';

import { SESSION_FIELDS } from '../../sessions/session-list.ts';
import type { SessionList } from '../../sessions/session-list.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import type { Users } from '../../users/users.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes } from '../changes.ts';
import type { Grants } from '../grants.ts';
import { notFound } from '../problem.ts';
import { route } from '../route.ts';
import type { AdminRoute } from '../route.ts';
import { sessionShape, shownSession } from './session-shape.ts';

export interface SessionRoutesDeps {
  sessionList: SessionList;
  sessions: Pick<Sessions, 'endOf'>;
  users: Pick<Users, 'find'>;
  grants: Pick<Grants, 'assertMayManage'>;
  changes: Changes;
}

const TAG = 'Sessions';
const params = z.strictObject({ sessionId: z.string().min(1).max(200) });

export function sessionRoutes({ sessionList, sessions, users, grants, changes }: SessionRoutesDeps): AdminRoute[] {
  const read = async (tenantId: string, id: string) => {
    const session = await sessionList.find(tenantId, id);
    return session && shownSession(session);
  };

  return [
    route(
      {
        id: 'listSessions',
        method: 'GET',
        path: '/tenants/{tenant}/sessions',
        tag: TAG,
        summary: 'List the sessions that live',
        permission: 'sessions:read',
        query: z.strictObject({
          clientId: z.string().min(1).max(128).optional().describe('Only those in which this application is signed in'),
        }),
        lists: SESSION_FIELDS,
        answer: sessionShape,
      },
      async ({ tenant, list, query }) => {
        const { items, next } = await sessionList.list(tenant.id, list, query);
        return { body: { items: items.map(shownSession), next } };
      },
    ),

    route(
      {
        id: 'getSession',
        method: 'GET',
        path: '/tenants/{tenant}/sessions/{sessionId}',
        tag: TAG,
        summary: 'Show a session',
        permission: 'sessions:read',
        params,
        answer: sessionShape,
      },
      async ({ tenant, params: { sessionId } }) => shownWithEtag(await read(tenant.id, sessionId), 'session'),
    ),

    route(
      {
        id: 'deleteSession',
        method: 'DELETE',
        path: '/tenants/{tenant}/sessions/{sessionId}',
        tag: TAG,
        summary: 'End a session',
        description:
          'Whoever is signed in with it is signed out everywhere in it: its grants and refresh tokens end with it.',
        permission: 'sessions:write',
        params,
        status: 204,
      },
      (call) => {
        const { caller, tenant, params: named } = call;
        const target = {
          name: 'session',
          lock: () => sessionList.lock(tenant.id, named.sessionId),
          read: () => read(tenant.id, named.sessionId),
        };
        const event = { type: 'session.ended', subject: { kind: 'session', id: named.sessionId } } as const;
        return changes.remove(call, target, event, async ({ userId, id }) => {
          const user = await users.find(tenant.id, userId);
          if (user) await grants.assertMayManage(caller, tenant, user);
          if (!(await sessions.endOf(tenant.id, userId, id))) throw notFound('session');
        });
      },
    ),
  ];
}
