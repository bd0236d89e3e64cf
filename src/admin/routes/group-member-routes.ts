// Who is in a group that lives here. Whoever manages the group does these too, and no more.

import { z } from 'zod';

import type { Groups, MemberRef, MemberRefusal } from '../../groups/groups.ts';
import { manages, may } from '../caller.ts';
import type { Caller } from '../caller.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes, Target, WriteEvent } from '../changes.ts';
import type { Grants } from '../grants.ts';
import type { KeepOwner } from '../keep-owner.ts';
import { memberShape, newMember, shownMember } from './group-shape.ts';
import type { ShownMember } from './group-shape.ts';
import { Problem, notFound } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute } from '../route.ts';

export interface GroupMemberRoutesDeps {
  groups: Groups;
  grants: Pick<Grants, 'assertMayJoin'>;
  keepOwner: KeepOwner;
  changes: Changes;
}

const TAG = 'Groups';
const PATH = '/tenants/{tenant}/groups/{groupId}/members';
const OWN = { tag: TAG, also: 'own-groups' } as const;
const ofGroup = z.strictObject({ groupId: idParam });
const ofMember = ofGroup.extend({ memberId: idParam });

export function groupMemberRoutes({ groups, grants, keepOwner, changes }: GroupMemberRoutesDeps): AdminRoute[] {
  const read = async (tenantId: string, groupId: string, memberId: string) => {
    const member = await groups.member(tenantId, groupId, memberId);
    return member && shownMember(member);
  };
  const target = (tenantId: string, groupId: string, memberId: string): Target<ShownMember> => ({
    name: 'member',
    lock: () => groups.lock(tenantId, groupId),
    read: () => read(tenantId, groupId, memberId),
  });

  async function add(tenantId: string, groupId: string, member: MemberRef): Promise<ShownMember> {
    const added = await groups.addMember(tenantId, groupId, member);
    if (!added.ok) throw problemOf(added.reason, member);
    const shown = await read(tenantId, groupId, member.id);
    if (!shown) throw new Error('a member is not there after it was added');
    return shown;
  }

  return [
    route(
      {
        id: 'listGroupMembers',
        method: 'GET',
        path: PATH,
        ...OWN,
        summary: 'List the members of a group',
        permission: 'groups:read',
        params: ofGroup,
        query: z.strictObject({
          effective: z.enum(['true', 'false']).default('false').describe('Also those of nested groups, with the way'),
        }),
        lists: { id: { type: 'id' }, kind: { type: 'text' }, name: { type: 'text' } },
        answer: memberShape,
      },
      async ({ tenant, params: { groupId }, query, list }) => {
        if (!(await groups.find(tenant.id, groupId))) throw notFound('group');
        const { items, next } = await groups.members(tenant.id, groupId, query.effective === 'true', list);
        return { body: { items: items.map(shownMember), next } };
      },
    ),

    route(
      {
        id: 'addGroupMember',
        method: 'POST',
        path: PATH,
        ...OWN,
        summary: 'Add a user or a group to a group',
        permission: 'groups:write',
        params: ofGroup,
        body: newMember,
        status: 201,
        answer: memberShape,
      },
      (call) => {
        const { caller, tenant, params: named, body } = call;
        const { groupId } = named;
        const member: MemberRef =
          'userId' in body ? { kind: 'user', id: body.userId } : { kind: 'group', id: body.groupId };
        return changes.create(
          call,
          async () => {
            if (member.kind === 'group') assertMayNest(caller, member.id);
            await grants.assertMayJoin(caller, tenant, groupId);
            return add(tenant.id, groupId, member);
          },
          () => eventOf('group.member_added', groupId, member),
          ({ id }) => `/tenants/${tenant.slug}/groups/${groupId}/members/${id}`,
        );
      },
    ),

    route(
      {
        id: 'getGroupMember',
        method: 'GET',
        path: `${PATH}/{memberId}`,
        ...OWN,
        summary: 'Show whether, and by which way, a user or a group is in a group',
        permission: 'groups:read',
        params: ofMember,
        answer: memberShape,
      },
      async ({ tenant, params: { groupId, memberId } }) =>
        shownWithEtag(await read(tenant.id, groupId, memberId), 'member'),
    ),

    route(
      {
        id: 'removeGroupMember',
        method: 'DELETE',
        path: `${PATH}/{memberId}`,
        ...OWN,
        summary: 'Take a user or a group out of a group',
        description: 'Nobody takes away what they do not hold themselves.',
        permission: 'groups:write',
        params: ofMember,
        status: 204,
      },
      async (call) => {
        const { caller, tenant, params: named } = call;
        const { groupId, memberId } = named;
        const member = await read(tenant.id, groupId, memberId);
        if (!member) throw notFound('member');
        const event = eventOf('group.member_removed', groupId, member);
        return changes.remove(call, target(tenant.id, groupId, memberId), event, async ({ via: [own] }) => {
          if (own) throw new Problem('wrong-state', `It is in this group by way of ${own.name}: take it out there.`);
          await grants.assertMayJoin(caller, tenant, groupId);
          await keepOwner(tenant.id, () => groups.removeMember(tenant.id, groupId, memberId));
        });
      },
    ),
  ];
}

/** Whoever manages a group decides who is in it, and so through it in others; not for a group that somebody else looks after. */
function assertMayNest(caller: Caller, memberGroupId: string): void {
  if (may(caller, 'groups:write') || manages(caller, 'groups:write', memberGroupId)) return;
  throw new Problem('permission-denied', 'This needs groups:write, or to manage both groups.');
}

function eventOf(type: 'group.member_added' | 'group.member_removed', groupId: string, member: MemberRef): WriteEvent {
  return { type, subject: { kind: 'group', id: groupId }, detail: { [member.kind]: member.id } };
}

function problemOf(reason: MemberRefusal, { kind }: MemberRef): Problem {
  if (reason === 'unknown-group') return notFound('group');
  if (reason === 'unknown-member') return notFound(kind);
  return new Problem('conflict', IN_THE_WAY[reason]);
}

const IN_THE_WAY = {
  already: 'It is a member already.',
  circle: 'The group would come to be a member of itself.',
  'too-deep': 'Too many groups would stand one upon the other.',
} as const;
