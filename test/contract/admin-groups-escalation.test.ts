// Nobody comes to what they do not hold by way of a group.

import { expect } from 'chai';

import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { localGroups } from '../support/local-groups.ts';
import { aRole } from '../support/tenants.ts';
import type { Caller } from '../../src/admin/caller.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';

describe('groups give nobody what they do not hold', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  let groups: ReturnType<typeof localGroups>;
  /** Those who administer groups and nothing else. */
  let clerk: Caller;
  let mallory: string;
  let admins: string;

  before(async () => {
    const roles = {
      keeper: aRole({ permissions: ['clients:write'] }),
      'by-name': aRole({ permissions: ['keys:write'], groups: ['local:Treasury'] }),
      'by-directory': aRole({
        permissions: ['keys:write'],
        groups: ['finance', 'cn=finance,dc=acme', '3f2504e0-4f89-41d3-9a0c-0305e82c3301'],
      }),
    };
    admin = await startAdmin({ acme: { roles } });
    acme = admin.tenants.acme ?? expect.fail();
    groups = localGroups(admin, acme);
    clerk = callerOf(acme, ['groups:read', 'groups:write', 'roles:write']);
    mallory = await groups.aUser('mallory');
    admins = (await groups.aGroup('keepers')).id;
    await admin.call('setGroupRoles', { ...of(admins), body: { roles: ['keeper'] }, ifMatch: '*' });
    admin.base.caches.forget(acme.id);
  });

  const of = (groupId: string) => ({ params: { tenant: acme.slug, groupId } });
  /** Somebody who holds no permission but looks after these groups. */
  const managerOf = (...ids: string[]) =>
    callerOf(acme, [], { kind: 'user', id: mallory, managedGroups: new Set(ids), managing: 'groups:write' });

  it('by joining one that gives it', async () => {
    for (const caller of [clerk, managerOf(admins)]) {
      const sent = { ...of(admins), body: { userId: mallory }, caller };
      const problem = await admin.refused('addGroupMember', 'grant-exceeds-own', sent);
      expect(problem.detail).to.contain('clients:write');
    }
    expect(await groups.rolesOf(mallory)).to.deep.equal([]);
  });

  it('by joining one that is nested in such a one, nor by nesting one', async () => {
    const nested = (await groups.aGroup('nested-keepers')).id;
    await groups.add(admins, { groupId: nested });
    for (const caller of [clerk, managerOf(nested)]) {
      await admin.refused('addGroupMember', 'grant-exceeds-own', { ...of(nested), body: { userId: mallory }, caller });
    }
    const own = (await groups.aGroup('of-mallory')).id;
    await groups.add(own, { userId: mallory });
    for (const caller of [clerk, managerOf(own, nested)]) {
      await admin.refused('addGroupMember', 'grant-exceeds-own', { ...of(nested), body: { groupId: own }, caller });
    }
    expect(await groups.rolesOf(mallory)).to.deep.equal([]);
  });

  it('by being made a manager of one', async () => {
    const body = { userId: mallory };
    await admin.refused('addGroupManager', 'grant-exceeds-own', { ...of(admins), body, caller: clerk });
  });

  it('by giving it a role, or taking one away', async () => {
    const group = (await groups.aGroup('plain')).id;
    for (const roles of [['keeper'], ['owner'], ['admin']]) {
      const sent = { ...of(group), body: { roles }, ifMatch: '*', caller: clerk };
      await admin.refused('setGroupRoles', 'grant-exceeds-own', sent);
    }
    const none = { ...of(admins), body: { roles: [] }, ifMatch: '*', caller: clerk };
    await admin.refused('setGroupRoles', 'grant-exceeds-own', none);
    await admin.refused('deleteGroup', 'grant-exceeds-own', { ...of(admins), ifMatch: '*', caller: clerk });
    const unable = callerOf(acme, ['groups:read', 'groups:write']);
    await admin.refused('setGroupRoles', 'permission-denied', { ...none, caller: unable });
  });

  it('nor do they take it from those who have it: out of a group, with the group, or with its name', async () => {
    const [keeper, group] = [await groups.aUser('keeper'), (await groups.aGroup('deputy-keepers')).id];
    await groups.add(admins, { groupId: group });
    await groups.add(group, { userId: keeper });
    const waiting = (await groups.aGroup('Treasury')).id;
    const member = { params: { tenant: acme.slug, groupId: group, memberId: keeper } };
    const nested = { params: { tenant: acme.slug, groupId: admins, memberId: group } };
    const ofKeeper = { params: { tenant: acme.slug, userId: keeper } };
    const attempts: [string, object][] = [
      ['removeGroupMember', member],
      ['removeGroupMember', nested],
      ['removeUserGroup', { params: { ...ofKeeper.params, groupId: group } }],
      ['setUserGroups', { ...ofKeeper, body: { groups: [] } }],
      ['deleteGroup', of(group)],
      ['updateGroup', { ...of(waiting), body: { name: 'Petty cash' } }],
    ];
    for (const [id, sent] of attempts) {
      await admin.refused(id, 'grant-exceeds-own', { ...sent, ifMatch: '*', caller: clerk });
    }
    for (const sent of [member, nested]) {
      const caller = managerOf(group, admins);
      await admin.refused('removeGroupMember', 'grant-exceeds-own', { ...sent, ifMatch: '*', caller });
    }
    expect(await groups.rolesOf(keeper)).to.deep.equal(['keeper']);
    await admin.call('deleteGroup', { ...of(waiting), ifMatch: '*' });
  });

  it('by taking the name that a role waits for', async () => {
    const params = { tenant: acme.slug };
    for (const name of ['Treasury', 'TREASURY']) {
      await admin.refused('createGroup', 'grant-exceeds-own', { params, body: { name }, caller: clerk });
    }
    const made = await admin.call('createGroup', { params, body: { name: 'Harmless' }, caller: clerk });
    const id = String(made.body.id);
    await groups.add(id, { userId: mallory });
    const rename = { ...of(id), body: { name: 'treasury' }, ifMatch: '*' };
    await admin.refused('updateGroup', 'grant-exceeds-own', { ...rename, caller: clerk });
    expect(await groups.rolesOf(mallory)).to.deep.equal([]);
    await admin.call('updateGroup', rename);
    expect(await groups.rolesOf(mallory)).to.deep.equal(['by-name']);
    await groups.add(id, { userId: await groups.aUser('treasurer') });
    await admin.refused('addGroupMember', 'grant-exceeds-own', {
      ...of(id),
      body: { userId: await groups.aUser('trent') },
      caller: clerk,
    });
  });

  it('by the name of a group of the directory', async () => {
    const finance = await groups.aGroup('finance');
    const trudy = await groups.aUser('trudy');
    await groups.add(finance.id, { userId: trudy });
    expect(await groups.rolesOf(trudy)).to.deep.equal([]);
    for (const name of ['cn=finance,dc=acme', '3f2504e0-4f89-41d3-9a0c-0305e82c3301']) {
      await admin.refused('createGroup', 'invalid-request', { params: { tenant: acme.slug }, body: { name } });
    }
  });

  it('while those who look after a group do with it what they are meant to, and nothing else', async () => {
    const [club, other] = [await groups.aGroup('club'), await groups.aGroup('other-club')];
    const peggy = await groups.aUser('peggy');
    const caller = managerOf(club.id);
    expect((await admin.call('getGroup', { ...of(club.id), caller })).body).to.include({ name: 'club' });
    await groups.add(club.id, { userId: peggy }, caller);
    const listed = await admin.call<{ items: unknown[] }>('listGroupMembers', { ...of(club.id), caller });
    expect(listed.body.items).to.have.length(1);
    const own = await admin.call<{ items: { name: string }[] }>('listGroups', {
      params: { tenant: acme.slug },
      caller,
    });
    expect(own.body.items.map(({ name }) => name)).to.deep.equal(['club']);
    const member = { params: { tenant: acme.slug, groupId: club.id, memberId: peggy }, caller };
    const { etag } = await admin.call('getGroupMember', member);
    await admin.call('removeGroupMember', { ...member, ifMatch: etag });

    const refusals: [string, object][] = [
      ['updateGroup', { ...of(club.id), body: { name: 'mine' }, ifMatch: '*' }],
      ['deleteGroup', { ...of(club.id), ifMatch: '*' }],
      ['listGroupManagers', of(club.id)],
      ['addGroupManager', { ...of(club.id), body: { userId: mallory } }],
      ['getGroupRoles', of(club.id)],
      ['setGroupRoles', { ...of(club.id), body: { roles: [] }, ifMatch: '*' }],
      ['addGroupMember', { ...of(club.id), body: { groupId: other.id } }],
      ['getGroup', of(other.id)],
      ['listGroupMembers', of(other.id)],
      ['addGroupMember', { ...of(other.id), body: { userId: peggy } }],
      ['createGroup', { params: { tenant: acme.slug }, body: { name: 'new' } }],
    ];
    for (const [id, sent] of refusals) await admin.refused(id, 'permission-denied', { ...sent, caller });
    await admin.call('addGroupMember', {
      ...of(club.id),
      body: { groupId: other.id },
      caller: managerOf(club.id, other.id),
    });
  });

  it('nor do those who look after a group more than their token is for', async () => {
    const { id } = await groups.aGroup('quiet');
    const manager = managerOf(id);
    const add = { ...of(id), body: { userId: mallory } };
    const reading: Caller = { ...manager, managing: 'groups:read' };
    for (const route of ['getGroup', 'listGroupMembers']) await admin.call(route, { ...of(id), caller: reading });
    await admin.refused('addGroupMember', 'permission-denied', { ...add, caller: reading });
    const other: Caller = { ...manager, managing: undefined };
    for (const route of ['getGroup', 'listGroupMembers', 'listGroups']) {
      await admin.refused(route, 'permission-denied', { ...of(id), caller: other });
    }
    await admin.refused('addGroupMember', 'permission-denied', { ...add, caller: other });
    await admin.call('addGroupMember', { ...add, caller: manager });
  });

  it('and whoever looks after a group is known by it alone', async () => {
    const group = await groups.aGroup('looked-after');
    const olivia = await groups.aUser('olivia');
    await admin.call('addGroupManager', { ...of(group.id), body: { userId: olivia } });
    const managed = await admin.base.db.query('select group_id from group_managers where user_id = $1', [olivia]);
    expect(managed).to.deep.equal([{ group_id: group.id }]);
    for (const stranger of [callerOf(acme, [], { managing: 'groups:write' }), managerOf(admins)]) {
      await admin.refused('getGroup', 'permission-denied', { ...of(group.id), caller: stranger });
    }
    const nobody = callerOf(acme, [], { managing: 'groups:write' });
    await admin.refused('listGroups', 'permission-denied', { params: { tenant: acme.slug }, caller: nobody });
  });
});
