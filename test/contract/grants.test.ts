import { expect } from 'chai';

import type { Caller } from '../../src/admin/caller.ts';
import { Problem } from '../../src/admin/problem.ts';
import { composeAuthority } from '../../src/compose-authority.ts';
import type { Authority } from '../../src/compose-authority.ts';
import { composePeople } from '../../src/compose-people.ts';
import { createPostgresGroups } from '../../src/groups/groups-postgres.ts';
import type { Groups } from '../../src/groups/groups.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import type { User } from '../../src/users/users.ts';
import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { aUser } from '../support/admin-tokens.ts';
import { aRole } from '../support/tenants.ts';

describe('nobody gives what they do not hold', () => {
  let admin: TestAdmin;
  let authority: Authority;
  let groups: Groups;
  let acme: Tenant;

  before(async () => {
    const roles = {
      reader: aRole({ permissions: ['invoice:read'] }),
      clerk: aRole({ permissions: ['invoice:approve'], inherits: ['reader'], groups: ['local:Clerks'] }),
      operator: aRole({ inherits: ['helpdesk'] }),
      boss: aRole({ inherits: ['owner'] }),
    };
    admin = await startAdmin({ acme: { roles } });
    authority = composeAuthority(admin.base, composePeople(admin.base));
    groups = createPostgresGroups(admin.base.db);
    if (!admin.tenants.acme) throw new Error('the tenant is missing');
    acme = admin.tenants.acme;
  });

  const holding = (...permissions: string[]): Caller => callerOf(acme, permissions);

  /** `given`, or the problem's code. */
  async function outcome(asking: Promise<void>): Promise<string> {
    return asking.then(
      () => 'given',
      (error: unknown) => {
        if (error instanceof Problem) return error.code;
        throw error;
      },
    );
  }
  const EXCEEDS = 'grant-exceeds-own';

  it('as permissions', () => {
    const { assertMayGive } = authority.grants;
    assertMayGive(holding('users:read', 'invoice:*'), ['users:read', 'invoice:approve', 'invoice:*']);
    assertMayGive(holding('*:*'), ['*:*', 'users:*', 'invoice:approve']);
    for (const wanted of ['users:write', 'users:*', '*:*', 'keys:read']) {
      expect(() => {
        assertMayGive(holding('users:read', 'invoice:*'), ['users:read', wanted]);
      }).to.throw(Problem, wanted);
    }
  });

  it('as roles, with all that they inherit', async () => {
    const give = (caller: Caller, ...names: string[]) =>
      outcome(authority.grants.assertMayGiveRoles(caller, acme, names));
    expect(await give(holding('invoice:read'), 'reader')).to.equal('given');
    expect(await give(holding('invoice:approve'), 'clerk')).to.equal(EXCEEDS);
    expect(await give(holding('invoice:*'), 'clerk', 'reader')).to.equal('given');
    expect(await give(holding('users:read', 'invoice:*'), 'operator')).to.equal(EXCEEDS);
    expect(await give(holding('*:*'), 'boss', 'owner', 'admin')).to.equal('given');
    const everyType = ['users:*', 'roles:*', 'invoice:*', 'tenants:*', 'keys:*', 'settings:*'];
    expect(await give(holding(...everyType), 'boss')).to.equal(EXCEEDS);
    expect(await give(holding(), 'no such role')).to.equal('given');
  });

  it('as a built-in role: an admin makes admins, and no owners', async () => {
    const permissions = await authority.roles.permissionsOf(acme.id, ['admin']);
    const give = (name: string) => outcome(authority.grants.assertMayGiveRoles(holding(...permissions), acme, [name]));
    for (const name of ['admin', 'helpdesk', 'auditor', 'clerk']) expect(await give(name)).to.equal('given');
    for (const name of ['owner', 'boss']) expect(await give(name)).to.equal(EXCEEDS);
  });

  it('as a role that has just come to permit more', async () => {
    const { tenant } = { tenant: acme.slug };
    await admin.call('createRole', { params: { tenant }, body: { name: 'growing', permissions: ['users:read'] } });
    const give = () => outcome(authority.grants.assertMayGiveRoles(holding('users:read'), acme, ['growing']));
    expect(await give()).to.equal('given');
    const body = { permissions: ['users:read', 'keys:write'] };
    await admin.call('updateRole', { params: { tenant, role: 'growing' }, ifMatch: '*', body });
    expect(await give()).to.equal(EXCEEDS);
  });

  describe('through groups', () => {
    const made = async (name: string) => {
      const group = await groups.create(acme.id, { name, description: undefined });
      if (!group.ok) throw new Error(group.reason);
      return group.value.id;
    };
    const join = (caller: Caller, groupId: string) => outcome(authority.grants.assertMayJoin(caller, acme, groupId));

    it('as a membership, in what the group is nested in as well', async () => {
      const [inner, middle, outer] = [await made('inner'), await made('middle'), await made('outer')];
      await groups.addMember(acme.id, middle, { kind: 'group', id: inner });
      await groups.addMember(acme.id, outer, { kind: 'group', id: middle });
      expect(await join(holding(), inner)).to.equal('given');
      await authority.roles.setRolesOf(acme.id, { kind: 'group', id: outer }, ['helpdesk']);
      for (const group of [inner, middle, outer]) {
        expect(await join(holding('groups:write'), group)).to.equal(EXCEEDS);
        expect(await join(holding('users:read', 'factors:*', 'sessions:*'), group)).to.equal('given');
      }
    });

    it('as a membership in a group that the file names', async () => {
      const clerks = await made('Clerks');
      expect(await join(holding('invoice:read'), clerks)).to.equal(EXCEEDS);
      expect(await join(holding('invoice:*'), clerks)).to.equal('given');
    });
  });

  describe('and nobody takes over whom they could not have made', () => {
    const manage = async (caller: Caller, user: User) => {
      const now = await admin.base.users.find(acme.id, user.id);
      if (!now) throw new Error('the user is gone');
      return outcome(authority.grants.assertMayManage(caller, acme, now));
    };
    const helpdesk = async () => holding(...(await authority.roles.permissionsOf(acme.id, ['helpdesk'])));

    it('whatever role it is by', async () => {
      expect(await manage(await helpdesk(), await aUser(admin.base, acme))).to.equal('given');
      expect(await manage(await helpdesk(), await aUser(admin.base, acme, ['helpdesk', 'operator']))).to.equal('given');
      for (const role of ['owner', 'boss', 'admin', 'auditor']) {
        expect(await manage(await helpdesk(), await aUser(admin.base, acme, [role]))).to.equal(EXCEEDS);
      }
      expect(await manage(holding('*:*'), await aUser(admin.base, acme, ['owner']))).to.equal('given');
    });

    it('by a group as well', async () => {
      const group = await groups.create(acme.id, { name: 'admins', description: undefined });
      if (!group.ok) throw new Error(group.reason);
      await authority.roles.setRolesOf(acme.id, { kind: 'group', id: group.value.id }, ['admin']);
      const user = await aUser(admin.base, acme);
      await groups.addMember(acme.id, group.value.id, { kind: 'user', id: user.id });
      expect(await manage(await helpdesk(), user)).to.equal(EXCEEDS);
    });

    it('though the helpdesk helps whoever approves invoices', async () => {
      expect(await manage(await helpdesk(), await aUser(admin.base, acme, ['clerk']))).to.equal('given');
    });
  });
});
