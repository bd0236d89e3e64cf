// What state an account is in: disabled and enabled again, approved or rejected once it has been set up.

import { z } from 'zod';

import type { AuditEventType } from '../../audit/audit.ts';
import { TRANSITIONS } from '../../users/administer-users.ts';
import type { StatusAction, UserAdministration } from '../../users/administer-users.ts';
import type { Changes } from '../changes.ts';
import type { KeepOwner } from '../keep-owner.ts';
import { Problem } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute } from '../route.ts';
import { userShape } from './user-shape.ts';
import { USER_PATH, subjectOf } from './user-target.ts';
import type { UserTargets } from './user-target.ts';

export interface UserStatusRoutesDeps {
  userAdministration: Pick<UserAdministration, 'changeStatus'>;
  userTargets: UserTargets;
  keepOwner: KeepOwner;
  changes: Changes;
}

interface Words {
  event: AuditEventType;
  summary: string;
  description: string;
}

const WORDS: Record<StatusAction, Words> = {
  disable: {
    event: 'user.disabled',
    summary: 'Disable a user',
    description: 'They are signed out everywhere at once, and cannot sign in until they are enabled again.',
  },
  enable: {
    event: 'user.enabled',
    summary: 'Enable a user who was disabled',
    description:
      "It is no leave to sign in for somebody who is disabled in their directory: that is the directory's to change.",
  },
  approve: {
    event: 'user.approved',
    summary: 'Approve an account that has been set up',
    description: 'From now on its owner may sign in.',
  },
  reject: {
    event: 'user.rejected',
    summary: 'Reject an account that waits to be set up or approved',
    description: 'It stays as it is until it is deleted, so that nobody else gets its name meanwhile.',
  },
};

export function userStatusRoutes(deps: UserStatusRoutesDeps): AdminRoute[] {
  const { userAdministration, userTargets, keepOwner, changes } = deps;
  const actions = ['disable', 'enable', 'approve', 'reject'] as const;
  return actions.map((action) => {
    const { event: type, summary, description } = WORDS[action];
    return route(
      {
        id: `${action}User`,
        method: 'POST',
        path: `${USER_PATH}:${action}`,
        tag: 'Users',
        summary,
        description,
        permission: 'users:write',
        params: z.strictObject({ userId: idParam }),
        answer: userShape,
      },
      (call) =>
        changes.amend(
          call,
          'POST',
          userTargets.target(call),
          { type, subject: subjectOf(call.params.userId) },
          async () => {
            const handled = await userTargets.managed(call);
            const change = () => userAdministration.changeStatus(handled, action);
            const changed = await keepOwner(call.tenant.id, change);
            if (!changed.ok) throw wrongState(action);
          },
        ),
    );
  });
}

function wrongState(action: StatusAction): Problem {
  return new Problem('wrong-state', `Only a user who is ${TRANSITIONS[action].from.join(' or ')} can be changed so.`);
}
