// A tenant that has an owner keeps one, by whatever way somebody is one, and by whatever way they would cease to be.

import { expect } from 'chai';

import type { Sent } from '../../src/admin/dispatch.ts';
import { Problem } from '../../src/admin/problem.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { aPerson } from '../support/admin-people.ts';
import { localGroups } from '../support/local-groups.ts';
import { aRole } from '../support/tenants.ts';

/** Somebody who is an owner; `outer` gives the role, where a group does, and `inner` is the one that they are in. */
interface Owner {
  userId: string;
  outer: string;
  inner: string;
}
type Call = readonly [route: string, sent: (owner: Owner) => Partial<Sent>];

const REFERENCE = 'Bosses';

describe('the last owner', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  let groups: ReturnType<typeof localGroups>;
  let count = 0;

  before(async () => {
    const byName = aRole({ inherits: ['owner'], groups: [`local:${REFERENCE}`] });
    admin = await startAdmin({ acme: { roles: { 'of-file': byName } } });
    acme = admin.tenants.acme ?? expect.fail();
    groups = localGroups(admin, acme);
  });

  beforeEach(async () => {
    const { db } = admin.base;
    await db.query(`delete from role_holders where tenant_id = $1 and owner <> 'file'`, [acme.id]);
    await db.query('delete from groups where tenant_id = $1', [acme.id]);
    await db.query(`delete from roles where tenant_id = $1 and owner = 'api'`, [acme.id]);
    await by('createRole', {}, { name: 'chief', permissions: [], inherits: ['owner'] });
  });

  const by = (route: string, params: Record<string, string>, body?: unknown) =>
    admin.call(route, { params: { tenant: acme.slug, ...params }, body, ifMatch: '*' });
  const run = ([route, sent]: Call, owner: Owner) => {
    const { params, body } = sent(owner);
    return by(route, params ?? {}, body);
  };
  const aGroup = async (name = `group ${String((count += 1))}`) => (await groups.aGroup(name)).id;
  const direct = async (role = 'owner'): Promise<Owner> => {
    const userId = await aPerson(admin, acme);
    await by('setUserRoles', { userId }, { roles: [role] });
    return { userId, outer: '', inner: '' };
  };
  const inGroup = async (role = 'owner'): Promise<Owner> => {
    const [userId, outer] = [await aPerson(admin, acme), await aGroup()];
    await groups.add(outer, { userId });
    await by('setGroupRoles', { groupId: outer }, { roles: [role] });
    return { userId, outer, inner: outer };
  };
  const inNested = async (): Promise<Owner> => {
    const { userId, outer: inner } = await inGroup('auditor');
    const [middle, outer] = [await aGroup(), await aGroup()];
    await groups.add(outer, { groupId: middle });
    await groups.add(middle, { groupId: inner });
    await by('setGroupRoles', { groupId: middle }, { roles: ['chief'] });
    return { userId, outer: middle, inner };
  };
  const inNamed = async (): Promise<Owner> => {
    const [userId, outer] = [await aPerson(admin, acme), await aGroup(REFERENCE)];
    await groups.add(outer, { userId });
    return { userId, outer, inner: outer };
  };

  const disable: Call = ['disableUser', ({ userId }) => ({ params: { userId } })];
  const remove: Call = ['deleteUser', ({ userId }) => ({ params: { userId } })];
  const takeRoles: Call = ['setUserRoles', ({ userId }) => ({ params: { userId }, body: { roles: ['admin'] } })];
  const changeRole: Call = ['updateRole', () => ({ params: { role: 'chief' }, body: { inherits: ['admin'] } })];
  const deleteRole: Call = ['deleteRole', () => ({ params: { role: 'chief' } })];
  const takeOut: Call = [
    'removeGroupMember',
    ({ userId, inner }) => ({ params: { groupId: inner, memberId: userId } }),
  ];
  const leave: Call = ['removeUserGroup', ({ userId, inner }) => ({ params: { userId, groupId: inner } })];
  const setGroups: Call = ['setUserGroups', ({ userId }) => ({ params: { userId }, body: { groups: [] } })];
  const takeRolesOfGroup: Call = [
    'setGroupRoles',
    ({ outer }) => ({ params: { groupId: outer }, body: { roles: [] } }),
  ];
  const deleteOuter: Call = ['deleteGroup', ({ outer }) => ({ params: { groupId: outer } })];
  const deleteInner: Call = ['deleteGroup', ({ inner }) => ({ params: { groupId: inner } })];
  const unnest: Call = ['removeGroupMember', ({ outer, inner }) => ({ params: { groupId: outer, memberId: inner } })];
  const rename: Call = ['updateGroup', ({ outer }) => ({ params: { groupId: outer }, body: { name: 'Others' } })];

  const cases: [who: string, make: () => Promise<Owner>, losing: Call[]][] = [
    ['who was given the role', direct, [disable, remove, takeRoles]],
    [
      'who was given a role that inherits it',
      () => direct('chief'),
      [disable, remove, takeRoles, changeRole, deleteRole],
    ],
    ['in a group', inGroup, [disable, remove, takeOut, leave, setGroups, takeRolesOfGroup, deleteOuter]],
    ['in a group that inherits it', () => inGroup('chief'), [takeOut, changeRole, deleteRole]],
    ['in a nested group', inNested, [disable, takeOut, setGroups, unnest, deleteInner, deleteOuter, deleteRole]],
    ['in a group that the file names', inNamed, [disable, takeOut, rename, deleteOuter]],
  ];
  for (const [who, make, losing] of cases) {
    for (const call of losing) {
      it(`${who} stays, and goes where there is another: ${call[0]}`, async () => {
        const owner = await make();
        const refused = await run(call, owner).catch((error: unknown) => error);
        expect(refused).to.be.instanceOf(Problem).and.to.include({ code: 'last-owner' });
        admin.base.caches.forget(acme.id);
        expect(await groups.rolesOf(owner.userId)).to.include('owner');
        await direct();
        expect((await run(call, owner)).status).to.be.oneOf([200, 204]);
      });
    }
  }

  it('is no other whose account is not in use', async () => {
    const [last, disabled] = [await inGroup(), await inGroup()];
    await run(disable, disabled);
    const pending = await aPerson(admin, acme, { status: 'pending' });
    await by('setUserRoles', { userId: pending }, { roles: ['owner'] });
    for (const call of [disable, takeOut, deleteOuter]) {
      expect(await run(call, last).catch((error: unknown) => error)).to.include({ code: 'last-owner' });
    }
    await run(deleteOuter, disabled);
    await by('rejectUser', { userId: pending });
  });

  it('is not one by a group of a directory, unless there is nobody else', async () => {
    const { db, roles } = admin.base;
    const ofDirectory = { kind: 'group', id: 'cn=owners,dc=example' } as const;
    await roles.setRolesOf(acme.id, ofDirectory, ['chief']);
    const last = await direct();
    expect(await run(disable, last).catch((error: unknown) => error)).to.include({ code: 'last-owner' });
    await db.query('delete from users where id = $1', [last.userId]);
    for (const call of [changeRole, deleteRole]) {
      expect(await run(call, last).catch((error: unknown) => error)).to.include({ code: 'last-owner' });
    }
  });

  it('is nobody’s concern where there is none', async () => {
    const person = await inGroup('auditor');
    for (const call of [takeRolesOfGroup, takeOut, deleteOuter, deleteRole, disable, remove]) await run(call, person);
  });

  const pairs: [string, () => Promise<[Owner, Owner]>, Call, Call][] = [
    ['two are taken out of their groups', async () => [await inGroup(), await inNested()], takeOut, takeOut],
    ['one is disabled and one taken out', async () => [await direct(), await inGroup()], disable, takeOut],
    ['a role changes and a group goes', async () => [await direct('chief'), await inGroup()], changeRole, deleteOuter],
    ['a group is taken out and a user deleted', async () => [await inNested(), await direct()], unnest, remove],
    ['two are disabled', async () => [await inGroup(), await direct()], disable, disable],
    [
      'roles are taken from a user and a group',
      async () => [await direct(), await inGroup()],
      takeRoles,
      takeRolesOfGroup,
    ],
    ['both leave one group', () => twoOfOneGroup(), leave, takeOut],
  ];
  async function twoOfOneGroup(): Promise<[Owner, Owner]> {
    const one = await inGroup();
    const userId = await aPerson(admin, acme);
    await groups.add(one.inner, { userId });
    return [one, { ...one, userId }];
  }
  for (const [what, make, first, second] of pairs) {
    it(`stays when at the same moment ${what}`, async () => {
      for (let round = 0; round < 3; round += 1) {
        await admin.base.db.query(`delete from role_holders where tenant_id = $1 and owner <> 'file'`, [acme.id]);
        await admin.base.db.query(`update roles set inherits = '{owner}' where tenant_id = $1 and name = 'chief'`, [
          acme.id,
        ]);
        const [one, other] = await make();
        const outcomes = await Promise.allSettled([run(first, one), run(second, other)]);
        const reasons = outcomes.flatMap((outcome): unknown[] =>
          outcome.status === 'rejected' ? [outcome.reason] : [],
        );
        expect(reasons).to.have.length(1);
        expect(reasons[0]).to.include({ code: 'last-owner' });
      }
    });
  }
});
