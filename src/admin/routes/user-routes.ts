// People of a tenant: list, show, make, change and delete them.

import { z } from 'zod';

import type { UserAdministration } from '../../users/administer-users.ts';
import { statusOnceSetUp } from '../../users/complete-set-up.ts';
import type { NewPassword, NewPasswordRefusal } from '../../users/new-password.ts';
import { USER_FIELDS } from '../../users/user-records.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes } from '../changes.ts';
import type { KeepOwner } from '../keep-owner.ts';
import { checkedBody } from '../checked.ts';
import { mergePatch } from '../merge-patch.ts';
import { Problem } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute } from '../route.ts';
import { newUserShape, profileShape, shownUser, userPatchShape, userShape } from './user-shape.ts';
import type { ShownUser, UserPatch } from './user-shape.ts';
import { USER_PATH, subjectOf } from './user-target.ts';
import type { UserTargets } from './user-target.ts';

export interface UserRoutesDeps {
  userAdministration: UserAdministration;
  userTargets: UserTargets;
  newPassword: NewPassword;
  keepOwner: KeepOwner;
  changes: Changes;
}

const TAG = 'Users';
const PATH = '/tenants/{tenant}/users';
const params = z.strictObject({ userId: idParam });

export function userRoutes(deps: UserRoutesDeps): AdminRoute[] {
  const { userAdministration, userTargets, keepOwner, changes } = deps;

  return [
    route(
      {
        id: 'listUsers',
        method: 'GET',
        path: PATH,
        tag: TAG,
        summary: 'List users',
        permission: 'users:read',
        lists: USER_FIELDS,
        answer: userShape,
      },
      async ({ tenant, list }) => {
        const { items, next } = await userAdministration.list(tenant.id, list);
        return { body: { items: items.map(shownUser), next } };
      },
    ),

    createUser(deps),

    route(
      {
        id: 'getUser',
        method: 'GET',
        path: USER_PATH,
        tag: TAG,
        summary: 'Show a user',
        permission: 'users:read',
        params,
        answer: userShape,
      },
      async (call) => shownWithEtag(await userTargets.target(call).read(), 'user'),
    ),

    route(
      {
        id: 'updateUser',
        method: 'PATCH',
        path: USER_PATH,
        tag: TAG,
        summary: 'Change what a user is called and how they are reached',
        description:
          "A JSON merge patch (RFC 7396). What the directory says of its own users is the directory's to change.",
        permission: 'users:write',
        params,
        body: userPatchShape,
        answer: userShape,
      },
      (call) => {
        const event = { type: 'user.changed', subject: subjectOf(call.params.userId) } as const;
        return changes.amend(call, 'PATCH', userTargets.target(call), event, async (before) => {
          const { user } = await userTargets.managed(call);
          if (before.managedBy === 'directory') return assertSaysTheSame(before, call.body);
          const { userName, profile = {} } = call.body;
          const patched = mergePatch(before.profile, { ...outdatedBy(before, call.body), ...profile });
          const changed = await userAdministration.changeLocal(user, {
            username: userName,
            profile: checkedBody(profileShape, patched, ['profile']),
          });
          if (!changed.ok) throw nameRefused(changed.reason);
        });
      },
    ),

    route(
      {
        id: 'deleteUser',
        method: 'DELETE',
        path: USER_PATH,
        tag: TAG,
        summary: 'Delete a user with all that is theirs',
        description:
          'Sessions, tokens, second factors, consents, memberships and roles go with them; what the audit trail tells stays. ' +
          'Somebody who is still in their directory comes back at the next sign-in, as another user with another id: to keep them ' +
          'out, disable them instead.',
        permission: 'users:write',
        params,
        status: 204,
      },
      (call) => {
        const event = { type: 'user.deleted', subject: subjectOf(call.params.userId) } as const;
        return changes.remove(call, userTargets.target(call), event, async () => {
          const handled = await userTargets.managed(call);
          await keepOwner(call.tenant.id, () => userAdministration.delete(handled));
        });
      },
    ),
  ];
}

function createUser({ userAdministration, newPassword, changes }: UserRoutesDeps): AdminRoute {
  return route(
    {
      id: 'createUser',
      method: 'POST',
      path: PATH,
      tag: TAG,
      summary: 'Make an account that lives here',
      description:
        'With a password it can be signed in to at once, or once it is approved where the tenant asks for that. Without one it is ' +
        'pending until its owner has set it up by way of a one-time link.',
      permission: 'users:write',
      body: newUserShape,
      status: 201,
      answer: userShape,
      prepare: async ({ tenant, body: { userName: username, profile, password } }) => {
        if (password === undefined) return undefined;
        const hash = await newPassword(tenant, { user: undefined, username, profile }, password);
        if (!hash.ok) throw passwordRefused(hash.reason);
        return hash.value;
      },
    },
    async (call, passwordHash) => {
      const { tenant, body } = call;
      const { userName: username, profile } = body;
      return changes.create(
        call,
        async () => {
          const made = await userAdministration.create({
            tenantId: tenant.id,
            localName: username,
            passwordHash,
            profile,
            status: passwordHash === undefined ? 'pending' : statusOnceSetUp(tenant.settings),
          });
          if (!made.ok) throw nameRefused(made.reason);
          return shownUser(made.value);
        },
        ({ id }) => ({ type: 'user.created', subject: subjectOf(id) }),
        ({ id }) => `/tenants/${tenant.slug}/users/${id}`,
      );
    },
  );
}

/** That an address or a number is verified is said of the one that there is, not of the next. */
function outdatedBy({ profile: before }: ShownUser, { profile: patch = {} }: UserPatch) {
  const changes = (name: 'email' | 'phoneNumber') => patch[name] !== undefined && patch[name] !== before[name];
  return {
    ...(changes('email') && { emailVerified: null }),
    ...(changes('phoneNumber') && { phoneNumberVerified: null }),
  };
}

/** Sending back what was shown changes nothing. */
function assertSaysTheSame({ userName, profile: before }: ShownUser, patch: UserPatch): void {
  const changed = Object.entries(patch.profile ?? {}).filter(
    ([name, value]) => (value ?? undefined) !== Object.entries(before).find(([each]) => each === name)?.[1],
  );
  const pointers = [
    ...(patch.userName === undefined || patch.userName === userName ? [] : ['#/userName']),
    ...changed.map(([name]) => `#/profile/${name}`),
  ];
  if (pointers.length === 0) return;
  throw new Problem('owned-by-directory', 'The directory says this of its user: change it there.', {
    errors: pointers.map((pointer) => ({ pointer, detail: 'is read-only here' })),
  });
}

const REFUSED_NAMES = {
  taken: ['conflict', 'There is an account of this name already.', 'is taken'],
  malformed: ['invalid-request', 'This cannot be a user name.', 'has characters that nobody can type'],
} as const;

function nameRefused(reason: keyof typeof REFUSED_NAMES): Problem {
  const [code, why, detail] = REFUSED_NAMES[reason];
  return new Problem(code, why, { errors: [{ pointer: '#/userName', detail }] });
}

const REFUSED_PASSWORDS: Record<NewPasswordRefusal, string> = {
  'too-short': 'is too short',
  'too-long': 'is too long',
  common: 'is one of those that are guessed first',
  personal: 'is little more than names that are known here',
  unusable: 'has characters that nobody can type',
};

function passwordRefused(reason: NewPasswordRefusal): Problem {
  return new Problem('invalid-request', 'This password is not good enough.', {
    errors: [{ pointer: '#/password', detail: REFUSED_PASSWORDS[reason] }],
  });
}
