// One user as a write is about them: found, locked, and no administrator whom the caller could not be.

import type { UserAdministration, Handled } from '../../users/administer-users.ts';
import type { User, Users } from '../../users/users.ts';
import { actorOf } from '../caller.ts';
import type { Target } from '../changes.ts';
import type { Grants } from '../grants.ts';
import { notFound } from '../problem.ts';
import type { Call } from '../route.ts';
import { shownUser } from './user-shape.ts';
import type { ShownUser } from './user-shape.ts';

export const USER_PATH = '/tenants/{tenant}/users/{userId}';

export interface UserTargetsDeps {
  users: Pick<Users, 'find'>;
  userAdministration: Pick<UserAdministration, 'find' | 'lock'>;
  grants: Pick<Grants, 'assertMayManage'>;
}

type OfUser = Pick<Call<{ userId: string }>, 'caller' | 'tenant' | 'params'>;

export interface UserTargets {
  /** The user whom the path names. */
  target(call: OfUser): Target<ShownUser>;
  /** Something of that user's: changed while nobody else changes anything of theirs. */
  partOf<T extends object>(call: OfUser, name: string, read: () => Promise<T | undefined>): Target<T>;
  /** @throws Problem `not-found` */
  existing(call: OfUser): Promise<User>;
  /**
   * To be asked in the unit of work of whatever could take an account over, or make it useless.
   * @throws Problem `grant-exceeds-own`
   */
  managed(call: OfUser): Promise<Handled>;
}

export function createUserTargets({ users, userAdministration, grants }: UserTargetsDeps): UserTargets {
  const existing = async ({ tenant, params }: OfUser) => {
    const user = await users.find(tenant.id, params.userId);
    if (!user) throw notFound('user');
    return user;
  };
  const lockOf =
    ({ tenant, params }: OfUser) =>
    () =>
      userAdministration.lock(tenant.id, params.userId);

  return {
    existing,

    target: (call) => ({
      name: 'user',
      lock: lockOf(call),
      async read() {
        const user = await userAdministration.find(call.tenant.id, call.params.userId);
        return user && shownUser(user);
      },
    }),

    partOf: (call, name, read) => ({ name, lock: lockOf(call), read }),

    async managed(call) {
      const user = await existing(call);
      await grants.assertMayManage(call.caller, call.tenant, user);
      return { user, actor: actorOf(call.caller, call.tenant.id) };
    },
  };
}

export function subjectOf(userId: string) {
  return { kind: 'user', id: userId } as const;
}
