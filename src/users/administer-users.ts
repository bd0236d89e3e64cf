// What administrators do to people, once the user is locked and in the caller's unit of work: accounts that live here, the state of
// any account, sessions and second factors. Who may ask, If-Match and the event that tells of it are admin/'s.

import type { AuditEvent } from '../audit/audit.ts';
import type { NotifyAccountChange } from '../delivery/notifications.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type { Enrolments } from '../second-factors/enrolments.ts';
import type { Enrolment } from '../second-factors/second-factor.ts';
import type { SignOut } from './account-changed.ts';
import type { LocalChange, UserRecord, UserRecords } from './user-records.ts';
import type { NewLocalUser, User, UserProfile, UserStatus, Users } from './users.ts';

/** To whom something is done, and by whom. */
export interface Handled {
  user: Pick<User, 'id' | 'tenantId'>;
  actor: NonNullable<AuditEvent['actor']>;
}

export type StatusAction = 'disable' | 'enable' | 'approve' | 'reject';

/** From which states, and to which. */
export const TRANSITIONS: Record<StatusAction, { from: readonly UserStatus[]; to: UserStatus }> = {
  disable: { from: ['active'], to: 'disabled' },
  enable: { from: ['disabled'], to: 'active' },
  approve: { from: ['complete'], to: 'active' },
  reject: { from: ['pending', 'complete'], to: 'rejected' },
};

export interface UserAdministration extends Pick<UserRecords, 'list' | 'find' | 'lock'> {
  create(user: NewLocalUser): Promise<Outcome<UserRecord, 'taken' | 'malformed'>>;
  changeLocal(user: Handled['user'], change: LocalChange): Promise<Outcome<void, 'taken' | 'malformed'>>;
  /** Whoever may not sign in any more is signed out at once. */
  changeStatus(handled: Handled, action: StatusAction): Promise<Outcome<void, 'wrong-state'>>;
  delete(handled: Handled): Promise<void>;
  /** With all that could go on without them, and with the browsers that are trusted. Answers the uids of those that ended. */
  signOut(handled: Handled): Promise<string[]>;
  /**
   * Takes every second factor away and tells the person. They enrol anew at the next sign-in, or only by way of a one-time `link`:
   * then whoever knows the password alone does not. Answers which there were.
   */
  resetFactors(handled: Handled, enrolBy: 'sign-in' | 'link'): Promise<Enrolment[]>;
  /** Even the last one. Answers which it was; undefined where they have no such factor. */
  removeFactor(handled: Handled, enrolmentId: string): Promise<Enrolment | undefined>;
}

export interface UserAdministrationDeps {
  users: Pick<Users, 'createLocal' | 'changeStatus'>;
  userRecords: UserRecords;
  enrolments: Pick<Enrolments, 'list' | 'remove'>;
  signOut: SignOut;
  notify: NotifyAccountChange;
}

export function createUserAdministration(deps: UserAdministrationDeps): UserAdministration {
  const { users, userRecords, enrolments, notify } = deps;

  const signOut = ({ user, actor }: Handled) =>
    deps.signOut({ tenantId: user.tenantId, userId: user.id, keptSession: undefined, actor });

  return {
    list: userRecords.list,
    find: userRecords.find,
    lock: userRecords.lock,
    signOut,

    async create(user) {
      const created = await users.createLocal({ ...user, profile: withVerified(user.profile) });
      if (!created.ok) return created;
      const record = await userRecords.find(user.tenantId, created.value.id);
      if (!record) throw new Error('a user is not there after being made');
      return accepted(record);
    },

    changeLocal: ({ tenantId, id }, { profile, ...change }) =>
      userRecords.changeLocal(tenantId, id, { ...change, profile: profile && withVerified(profile) }),

    async changeStatus(handled, action) {
      const { tenantId, id } = handled.user;
      const { from, to } = TRANSITIONS[action];
      if (!(await users.changeStatus(tenantId, id, from, to))) return refused('wrong-state');
      if (to !== 'active') await signOut(handled);
      return accepted(undefined);
    },

    async delete(handled) {
      const { tenantId, id } = handled.user;
      await signOut(handled);
      await userRecords.delete(tenantId, id);
    },

    async resetFactors(handled, enrolBy) {
      const { tenantId, id: userId } = handled.user;
      const owned = await enrolments.list(tenantId, userId);
      // First, because one that goes may be the address where they are told.
      await notify({ tenantId, userId, notice: { kind: 'factors-reset' }, byAdministrator: true });
      await signOut(handled);
      for (const { id } of owned) await enrolments.remove(tenantId, userId, id);
      await userRecords.forgetFactorAttempts(tenantId, userId);
      await userRecords.setEnrolsByLink(tenantId, userId, enrolBy === 'link');
      return owned;
    },

    async removeFactor(handled, enrolmentId) {
      const { tenantId, id: userId } = handled.user;
      const found = (await enrolments.list(tenantId, userId)).find(({ id }) => id === enrolmentId);
      if (!found) return undefined;
      const { factor, name } = found;
      await notify({ tenantId, userId, notice: { kind: 'factor-removed', factor, name }, byAdministrator: true });
      await signOut(handled);
      await enrolments.remove(tenantId, userId, enrolmentId);
      return found;
    },
  };
}

/** There is nothing to be verified where there is no address, or no number. */
function withVerified({ emailVerified, phoneNumberVerified, ...profile }: UserProfile): UserProfile {
  return {
    ...profile,
    ...(profile.email !== undefined && emailVerified !== undefined && { emailVerified }),
    ...(profile.phoneNumber !== undefined && phoneNumberVerified !== undefined && { phoneNumberVerified }),
  };
}
