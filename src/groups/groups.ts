// Groups that live here, with their members and those who manage these. What a membership gives is roles/ and policy/; groups of
// a directory are the directory's.

import type { ListRequest, Page } from '../listing.ts';
import type { Outcome } from '../outcome.ts';
import type { LocalMembership } from './local-membership.ts';

export interface LocalGroup {
  /** A UUIDv7. */
  id: string;
  /** Unique in the tenant, whatever the letter case. */
  name: string;
  description: string | undefined;
  createdAt: Date;
  updatedAt: Date;
}

export type GroupName = Pick<LocalGroup, 'id' | 'name'>;

/** What may be a member: a user, or another group that lives here. */
export interface MemberRef {
  kind: 'user' | 'group';
  id: string;
}

export interface GroupMember extends MemberRef {
  /** A user's name, or the group's. */
  name: string;
  /** The groups through which the membership runs, from the member's own group upwards; empty for a direct one. */
  via: readonly GroupName[];
  /** To the member's own group. */
  addedAt: Date;
}

export interface GroupManager {
  userId: string;
  username: string;
  addedAt: Date;
}

/** Another tenant's group or user is as unknown as one that does not exist. */
export interface Groups extends GroupMembers, GroupManagers {
  /** @param among ids: then no others */
  list(tenantId: string, request: ListRequest, among?: readonly string[]): Promise<Page<LocalGroup>>;
  find(tenantId: string, groupId: string): Promise<LocalGroup | undefined>;
  /** Nobody else changes the group until the unit of work ends. */
  lock(tenantId: string, groupId: string): Promise<void>;
  create(tenantId: string, group: Pick<LocalGroup, 'name' | 'description'>): Promise<Outcome<LocalGroup, 'taken'>>;
  change(
    tenantId: string,
    groupId: string,
    group: Pick<LocalGroup, 'name' | 'description'>,
  ): Promise<Outcome<void, 'taken'>>;
  /** With its memberships, those that it has in other groups as well. */
  remove(tenantId: string, groupId: string): Promise<void>;
}

/** `circle`: the group would come to be a member of itself; `too-deep`: more than MOST_LEVELS would stand one upon the other. */
export type MemberRefusal = 'unknown-group' | 'unknown-member' | 'already' | 'circle' | 'too-deep';

export interface GroupMembers {
  /** Each member once; with `effective` those of nested groups too, by the shortest path. */
  members(tenantId: string, groupId: string, effective: boolean, request: ListRequest): Promise<Page<GroupMember>>;
  /** Whoever is a member, directly or through other groups. */
  member(tenantId: string, groupId: string, memberId: string): Promise<GroupMember | undefined>;
  addMember(tenantId: string, groupId: string, member: MemberRef): Promise<Outcome<void, MemberRefusal>>;
  /** Whether it was a direct member. */
  removeMember(tenantId: string, groupId: string, memberId: string): Promise<boolean>;
  /** The group and all that it is in, however deep: what a membership in it comes to. Empty for an unknown one. */
  withAncestors(tenantId: string, groupId: string): Promise<LocalMembership[]>;
  /** All groups that live here and that the user is in; `User.groups` holds these too. */
  membershipsOf(tenantId: string, userId: string): Promise<LocalMembership[]>;
}

export interface GroupManagers {
  managers(tenantId: string, groupId: string, request: ListRequest): Promise<Page<GroupManager>>;
  manager(tenantId: string, groupId: string, userId: string): Promise<GroupManager | undefined>;
  addManager(
    tenantId: string,
    groupId: string,
    userId: string,
  ): Promise<Outcome<void, 'unknown-group' | 'unknown-user' | 'already'>>;
  removeManager(tenantId: string, groupId: string, userId: string): Promise<void>;
}
