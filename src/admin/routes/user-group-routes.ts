// Which groups a user is in: those that live here, which are changed here, and those of the directory.

import { z } from 'zod';

import type { GroupMembers, MemberRefusal } from '../../groups/groups.ts';
import { isLocal } from '../../groups/local-membership.ts';
import type { User } from '../../users/users.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes } from '../changes.ts';
import type { Grants } from '../grants.ts';
import type { KeepOwner } from '../keep-owner.ts';
import { Problem, notFound } from '../problem.ts';
import type { ProblemDetail } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute, Call } from '../route.ts';
import { USER_PATH, subjectOf } from './user-target.ts';
import type { UserTargets } from './user-target.ts';

export interface UserGroupRoutesDeps {
  groups: Pick<GroupMembers, 'addMember' | 'removeMember'>;
  grants: Pick<Grants, 'assertMayJoin'>;
  keepOwner: KeepOwner;
  userTargets: UserTargets;
  changes: Changes;
}

const TAG = 'Users';
const PATH = `${USER_PATH}/groups`;
const params = z.strictObject({ userId: idParam });
const ofMembership = params.extend({ groupId: idParam });
type OfUser = Pick<Call<z.output<typeof params>>, 'caller' | 'tenant' | 'params'>;

const membershipShape = z
  .strictObject({
    id: z.string().describe("A directory's group has the id that the directory gave it"),
    name: z.string(),
    source: z.enum(['local', 'directory']),
    membership: z.enum(['direct', 'nested']),
    via: z
      .array(z.string())
      .describe(
        "The groups through which the membership runs, from the user's own group upwards: names, of a directory's groups DNs. " +
          'Empty for a direct one',
      ),
    dn: z.string().nullable().describe("Of a directory's group"),
  })
  .meta({ id: 'Membership' });
type Membership = z.output<typeof membershipShape>;

const membershipsShape = z.strictObject({ items: z.array(membershipShape) }).meta({ id: 'Memberships' });

export function userGroupRoutes(deps: UserGroupRoutesDeps): AdminRoute[] {
  const { userTargets, changes } = deps;
  const { join, leave } = memberships(deps);
  const read = async (call: OfUser) => ({ items: membershipsOf(await userTargets.existing(call)) });

  /** Of a group that the user is in directly. */
  async function readOne(call: OfUser, groupId: string): Promise<Membership | undefined> {
    return (await read(call)).items.find(({ id, source, membership }) => id === groupId && isOwn(source, membership));
  }

  return [
    route(
      {
        id: 'getUserGroups',
        method: 'GET',
        path: PATH,
        tag: TAG,
        summary: 'Show the groups that a user is in, and by which way',
        permission: 'users:read',
        params,
        answer: membershipsShape,
      },
      async (call) => shownWithEtag(await read(call), 'user'),
    ),

    route(
      {
        id: 'setUserGroups',
        method: 'PUT',
        path: PATH,
        tag: TAG,
        summary: 'Make a user a direct member of these groups that live here, and of no others',
        description: 'Groups of the directory, and what comes by way of another group, stay as they are.',
        permission: 'groups:write',
        params,
        body: z.strictObject({ groups: z.array(idParam).max(200).describe('Ids') }).meta({ id: 'GroupIds' }),
        answer: membershipsShape,
      },
      (call) => {
        const {
          params: { userId },
          body,
        } = call;
        const target = userTargets.partOf(call, 'user', () => read(call));
        const event = { type: 'user.groups_changed', subject: subjectOf(userId) } as const;
        return changes.amend(call, 'PUT', target, event, async (before) => {
          const own = new Set(before.items.filter((one) => isOwn(one.source, one.membership)).map(({ id }) => id));
          const wanted = new Set(body.groups);
          for (const id of own.difference(wanted)) await leave(call, id);
          for (const id of wanted.difference(own)) await join(call, id, `#/groups/${String(body.groups.indexOf(id))}`);
        });
      },
    ),

    route(
      {
        id: 'addUserGroup',
        method: 'POST',
        path: PATH,
        tag: TAG,
        summary: 'Add a user to a group that lives here',
        permission: 'groups:write',
        params,
        body: z.strictObject({ groupId: idParam }).meta({ id: 'NewMembership' }),
        status: 201,
        answer: membershipShape,
      },
      (call) => {
        const {
          tenant,
          params: { userId },
          body: { groupId },
        } = call;
        return changes.create(
          call,
          async () => {
            await userTargets.existing(call);
            await join(call, groupId, '#/groupId');
            const made = await readOne(call, groupId);
            if (!made) throw new Error('a membership is not there after being made');
            return made;
          },
          () => ({ type: 'user.groups_changed', subject: subjectOf(userId), detail: { added: groupId } }),
          () => `/tenants/${tenant.slug}/users/${userId}/groups/${groupId}`,
        );
      },
    ),

    ...ofOneGroup(deps, readOne, leave),
  ];
}

/** What a group gives beyond what the caller holds, the caller neither gives nor takes away. */
function memberships({ groups, grants, keepOwner }: UserGroupRoutesDeps) {
  return {
    async join({ caller, tenant, params: { userId: id } }: OfUser, groupId: string, pointer: string) {
      await grants.assertMayJoin(caller, tenant, groupId);
      const added = await groups.addMember(tenant.id, groupId, { kind: 'user', id });
      if (!added.ok) throw problemOf(added.reason, pointer);
    },

    async leave({ caller, tenant, params: { userId } }: OfUser, groupId: string) {
      await grants.assertMayJoin(caller, tenant, groupId);
      await keepOwner(tenant.id, () => groups.removeMember(tenant.id, groupId, userId));
    },
  };
}

function ofOneGroup(
  { userTargets, changes }: Pick<UserGroupRoutesDeps, 'userTargets' | 'changes'>,
  readOne: (call: OfUser, groupId: string) => Promise<Membership | undefined>,
  leave: (call: OfUser, groupId: string) => Promise<void>,
): AdminRoute[] {
  return [
    route(
      {
        id: 'getUserGroup',
        method: 'GET',
        path: `${PATH}/{groupId}`,
        tag: TAG,
        summary: 'Show the direct membership of a user in a group that lives here',
        permission: 'users:read',
        params: ofMembership,
        answer: membershipShape,
      },
      async (call) => shownWithEtag(await readOne(call, call.params.groupId), 'membership'),
    ),

    route(
      {
        id: 'removeUserGroup',
        method: 'DELETE',
        path: `${PATH}/{groupId}`,
        tag: TAG,
        summary: 'Take a user out of a group that lives here',
        permission: 'groups:write',
        params: ofMembership,
        status: 204,
      },
      (call) => {
        const { userId, groupId } = call.params;
        const target = userTargets.partOf(call, 'membership', () => readOne(call, groupId));
        const event = {
          type: 'user.groups_changed',
          subject: subjectOf(userId),
          detail: { removed: groupId },
        } as const;
        return changes.remove(call, target, event, () => leave(call, groupId));
      },
    ),
  ];
}

function isOwn(source: Membership['source'], membership: Membership['membership']): boolean {
  return source === 'local' && membership === 'direct';
}

function membershipsOf({ groups }: User): Membership[] {
  return groups.map((group) => ({
    id: group.id,
    name: group.name,
    source: isLocal(group) ? 'local' : 'directory',
    membership: group.via.length === 0 ? 'direct' : 'nested',
    via: [...group.via],
    dn: isLocal(group) ? null : group.dn,
  }));
}

function problemOf(reason: MemberRefusal, pointer: string): Problem {
  if (reason === 'unknown-member') return notFound('user');
  if (reason !== 'unknown-group') return new Problem('conflict', 'The user is a member of this group already.');
  const errors: ProblemDetail[] = [{ pointer, detail: 'names a group that does not exist' }];
  return new Problem('invalid-request', 'There is no such group.', { errors });
}
