// Users as those see them who administer a tenant: one by one or page by page, with what no sign-in asks for.

import type { ListFields, ListRequest, Page } from '../listing.ts';
import type { Outcome } from '../outcome.ts';
import type { User, UserEntry, UserProfile } from './users.ts';

export interface UserRecord extends Pick<
  User,
  'id' | 'tenantId' | 'username' | 'status' | 'profile' | 'local' | 'lastLoginAt'
> {
  /** Undefined for a local account. */
  directory: (Pick<UserEntry, 'id' | 'dn' | 'state' | 'checkedAt'> & { name: string }) | undefined;
  /** Whether a password is kept here. */
  hasPassword: boolean;
  /** A first second factor is set up by way of a one-time link only. */
  enrolsByLink: boolean;
  createdAt: Date;
  updatedAt: Date;
}

/** Sorted by what an index answers; ids are in the order in which users were made. */
export const USER_FIELDS = {
  id: { type: 'id' },
  userName: { type: 'text', sortable: true },
  email: { type: 'text', sortable: true },
  name: { type: 'text' },
  givenName: { type: 'text' },
  familyName: { type: 'text' },
  status: { type: 'text', caseExact: true },
  directory: { type: 'text', caseExact: true },
  createdAt: { type: 'time' },
  updatedAt: { type: 'time' },
  lastLoginAt: { type: 'time' },
} as const satisfies ListFields;

/** Of a local account. What is left out stays as it is; the profile is replaced as a whole. */
export interface LocalChange {
  username?: string | undefined;
  profile?: UserProfile | undefined;
}

/** Another tenant's user is as unknown as one that does not exist. */
export interface UserRecords {
  list(tenantId: string, request: ListRequest): Promise<Page<UserRecord>>;
  find(tenantId: string, userId: string): Promise<UserRecord | undefined>;
  /** Until the current unit of work ends nobody else changes the user. */
  lock(tenantId: string, userId: string): Promise<void>;
  /** Does nothing to a directory's user. */
  changeLocal(tenantId: string, userId: string, change: LocalChange): Promise<Outcome<void, 'taken' | 'malformed'>>;
  setEnrolsByLink(tenantId: string, userId: string, enrolsByLink: boolean): Promise<void>;
  /** With all that is theirs, and all that names them: roles that they were given, attempts that were counted. */
  delete(tenantId: string, userId: string): Promise<void>;
  /** Forgets what was counted of their second factors. */
  forgetFactorAttempts(tenantId: string, userId: string): Promise<void>;
}
