// Groups that live here and their people, made as an administrator makes them, for the tests of the admin API.

import { expect } from 'chai';

import type { ShownGroup, ShownMember } from '../../src/admin/routes/group-shape.ts';
import type { Caller } from '../../src/admin/caller.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import type { TestAdmin } from './admin.ts';

export function localGroups(admin: TestAdmin, tenant: Tenant) {
  const params = { tenant: tenant.slug };

  async function aGroup(name: string): Promise<ShownGroup> {
    return (await admin.call<ShownGroup>('createGroup', { params, body: { name } })).body;
  }

  return {
    aGroup,

    async aUser(name: string): Promise<string> {
      const made = await admin.base.users.createLocal({
        tenantId: tenant.id,
        localName: name,
        passwordHash: undefined,
        profile: {},
      });
      return made.ok ? made.value.id : expect.fail(made.reason);
    },

    async add(
      groupId: string,
      member: { userId: string } | { groupId: string },
      caller?: Caller,
    ): Promise<ShownMember> {
      const sent = { params: { ...params, groupId }, body: member, ...(caller && { caller }) };
      return (await admin.call<ShownMember>('addGroupMember', sent)).body;
    },

    async membersOf(groupId: string, query: Record<string, string> = {}) {
      const sent = { params: { ...params, groupId }, query };
      const { body } = await admin.call<{ items: ShownMember[]; nextPageToken?: string }>('listGroupMembers', sent);
      return body;
    },

    async rolesOf(userId: string): Promise<string[]> {
      const user = await admin.base.users.find(tenant.id, userId);
      if (!user) throw new Error('there is no such user');
      return admin.base.roles.rolesOfUser({ tenantId: tenant.id, userId, groups: user.groups });
    },
  };
}
