import { expect } from 'chai';

import { may } from '../../src/admin/caller.ts';
import { ADMIN_PERMISSIONS } from '../../src/admin/permissions.ts';
import { descriptionOf } from '../../src/roles/built-in-roles.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { aUser } from '../support/admin-tokens.ts';
import { aClient, aRole } from '../support/tenants.ts';

interface ShownRole {
  name: string;
  managedBy: string;
  permissions: string[];
  effectivePermissions: string[];
}

describe('the administration of roles', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  let params: { tenant: string };

  before(async () => {
    const roles = { clerk: aRole({ permissions: ['invoice:read'], groups: ['finance'] }) };
    const clients = { robot: aClient('a secret', { grant_types: ['client_credentials'], roles: ['clerk'] }) };
    admin = await startAdmin({ acme: { roles, clients }, globex: {} });
    const { acme: tenant } = admin.tenants;
    if (!tenant) throw new Error('the tenant is missing');
    acme = tenant;
    params = { tenant: acme.slug };
    await admin.call('createResourceType', { params, body: { name: 'report', actions: ['read', 'sign'] } });
  });

  const role = async (name: string) =>
    (await admin.call<ShownRole>('getRole', { params: { ...params, role: name } })).body;
  const create = (body: object, caller?: ReturnType<typeof callerOf>) =>
    admin.call<ShownRole>('createRole', { params, body, ...(caller && { caller }) });

  describe('that are built in', () => {
    it('are in every tenant, and say what they permit', async () => {
      const { body } = await admin.call<{ items: ShownRole[] }>('listRoles', { params });
      const builtIn = body.items.filter(({ managedBy }) => managedBy === 'system').map(({ name }) => name);
      expect(builtIn.sort()).to.deep.equal(['admin', 'auditor', 'helpdesk', 'owner']);
      expect((await role('owner')).effectivePermissions).to.deep.equal(['*:*']);
      expect(descriptionOf({ name: 'clerk', owner: 'file' })).to.equal(undefined);
    });

    const held = async (name: string) => {
      const caller = callerOf(acme, (await role(name)).effectivePermissions);
      return ADMIN_PERMISSIONS.filter((permission) => may(caller, permission));
    };

    it('permit an owner everything', async () => {
      expect(await held('owner')).to.deep.equal(ADMIN_PERMISSIONS);
    });

    it('permit an admin all but what makes owners', async () => {
      const lacking = ADMIN_PERMISSIONS.filter((one) => one.endsWith(':write'));
      const kept = await held('admin');
      expect(lacking.filter((one) => !kept.includes(one))).to.have.members([
        ...['tenants:write', 'settings:write', 'directories:write', 'keys:write'],
      ]);
      expect((await role('admin')).effectivePermissions).not.to.include('*:*');
      expect((await role('admin')).effectivePermissions).to.include.members(['invoice:*', 'report:*']);
    });

    it('permit the helpdesk to see people, and to help them back in', async () => {
      expect(await held('helpdesk')).to.have.members([
        ...['users:read', 'factors:read', 'factors:write', 'sessions:read', 'sessions:write'],
      ]);
    });

    it('permit an auditor to read, and to change nothing', async () => {
      const kept = await held('auditor');
      expect(kept).to.include.members(['audit:read', 'users:read']);
      expect(kept.filter((permission) => !permission.endsWith(':read'))).to.deep.equal([]);
    });

    it('cannot be changed, deleted or made again', async () => {
      for (const name of ['owner', 'auditor']) {
        const one = { ...params, role: name };
        await admin.refused('updateRole', 'built-in', { params: one, ifMatch: '*', body: { permissions: [] } });
        await admin.refused('deleteRole', 'built-in', { params: one, ifMatch: '*' });
        await admin.refused('createRole', 'conflict', { params, body: { name } });
      }
    });

    it('are made by nobody else, even where a process of the version before left one out', async () => {
      const { globex } = admin.tenants;
      if (!globex) throw new Error('the tenant is missing');
      await admin.base.db.query(`delete from roles where tenant_id = $1 and name = 'admin'`, [globex.id]);
      const body = { name: 'admin', permissions: ['users:read'] };
      await admin.refused('createRole', 'conflict', { params: { tenant: globex.slug }, body });
      await admin.refused('getRole', 'not-found', { params: { tenant: globex.slug, role: 'admin' } });
    });
  });

  describe('that are made here', () => {
    it('are shown with what they permit, changed, and deleted', async () => {
      const made = await create({ name: 'signer', permissions: ['report:sign', 'report:read'], inherits: ['clerk'] });
      expect(made).to.include({ status: 201, location: `/tenants/${acme.slug}/roles/signer` });
      expect(made.body).to.deep.include({ managedBy: 'api', permissions: ['report:read', 'report:sign'] });
      expect(made.body.effectivePermissions).to.deep.equal(['invoice:read', 'report:read', 'report:sign']);

      const one = { ...params, role: 'signer' };
      const stale = { params: one, ifMatch: '"stale"', body: {} };
      await admin.refused('updateRole', 'precondition-failed', stale);
      await admin.refused('updateRole', 'precondition-required', { params: one, body: {} });
      const ifMatch = made.etag ?? '';
      const body = { description: 'Signs reports', inherits: [], permissions: ['report:*'] };
      const changed = await admin.call<ShownRole>('updateRole', { params: one, ifMatch, body });
      expect(changed.body).to.deep.include({ description: 'Signs reports', effectivePermissions: ['report:*'] });
      expect((await admin.call('deleteRole', { params: one, ifMatch: '*' })).status).to.equal(204);
      await admin.refused('getRole', 'not-found', { params: one });
    });

    it('are told to the audit trail with what is different', async () => {
      await create({ name: 'told', permissions: ['report:read'] });
      await admin.call('updateRole', {
        params: { ...params, role: 'told' },
        ifMatch: '*',
        body: { permissions: ['report:sign'] },
      });
      const rows = await admin.base.db.query<{ type: string; changes: { at: string }[] }>(
        `select type, changes from audit_events where tenant_id = $1 and subject_id = 'told' order by at, id`,
        [acme.id],
      );
      expect(rows.map(({ type }) => type)).to.deep.equal(['role.created', 'role.changed']);
      expect(rows[1]?.changes.map(({ at }) => at)).to.include('/permissions');
    });

    it('permit what there is to permit, and nothing else', async () => {
      for (const wrong of [
        'reports:read',
        'report:burn',
        'users:fly',
        '*:*',
        '*:read',
        'users',
        'users:',
        '__proto__:*',
      ]) {
        const problem = await admin.refused('createRole', 'invalid-request', {
          params,
          body: { name: 'wrong', permissions: ['users:read', wrong] },
        });
        expect(problem.errors).to.deep.equal([{ pointer: '#/permissions/1', detail: 'is no permission' }]);
      }
    });

    it('inherit roles that there are, in no circle', async () => {
      await admin.refused('createRole', 'invalid-request', { params, body: { name: 'heir', inherits: ['nobody'] } });
      await admin.refused('createRole', 'invalid-request', { params, body: { name: 'heir', inherits: ['heir'] } });
      await create({ name: 'first' });
      await create({ name: 'second', inherits: ['first'] });
      await create({ name: 'third', inherits: ['second'] });
      const circle = { params: { ...params, role: 'first' }, ifMatch: '*', body: { inherits: ['third'] } };
      const problem = await admin.refused('updateRole', 'invalid-request', circle);
      expect(problem.errors).to.deep.equal([{ pointer: '#/inherits', detail: 'leads back to the role itself' }]);
      await admin.refused('deleteRole', 'conflict', { params: { ...params, role: 'second' }, ifMatch: '*' });
    });

    it('take no unknown members and no odd names', async () => {
      for (const body of [
        { name: 'odd', managedBy: 'system' },
        { name: 'odd name' },
        { name: '' },
        { name: 'x'.repeat(65) },
        { permissions: [] },
        JSON.parse('{"name": "odd", "__proto__": {"permissions": ["users:read"]}}'),
      ]) {
        await admin.refused('createRole', 'invalid-request', { params, body });
      }
    });

    it('give nobody what their maker does not hold', async () => {
      const caller = callerOf(acme, ['roles:write', 'roles:read', 'users:read', 'report:read']);
      await create({ name: 'mine', permissions: ['users:read', 'report:read'] }, caller);
      for (const body of [
        { name: 'more', permissions: ['users:write'] },
        { name: 'more', permissions: ['users:*'] },
        { name: 'more', permissions: ['report:sign'] },
        { name: 'more', inherits: ['owner'] },
        { name: 'more', inherits: ['admin'] },
      ]) {
        await admin.refused('createRole', 'grant-exceeds-own', { params, body, caller });
      }
      const own = { params: { ...params, role: 'mine' }, ifMatch: '*', caller };
      await admin.refused('updateRole', 'grant-exceeds-own', { ...own, body: { inherits: ['helpdesk'] } });
      await admin.call('updateRole', { ...own, body: { description: 'as it was' } });
      await create({ name: 'strong', permissions: ['keys:write'] });
      const strong = { ...own, params: { ...params, role: 'strong' } };
      await admin.refused('updateRole', 'grant-exceeds-own', { ...strong, body: { permissions: [] } });
      await admin.refused('deleteRole', 'grant-exceeds-own', strong);
    });

    it('stay the file’s where the file declares them', async () => {
      const clerk = { params: { ...params, role: 'clerk' }, ifMatch: '*' };
      await admin.refused('updateRole', 'owned-by-file', { ...clerk, body: { permissions: [] } });
      await admin.refused('deleteRole', 'owned-by-file', clerk);
    });

    it('are not seen from another tenant', async () => {
      const caller = callerOf(admin.tenants.globex ?? acme, ['*:*']);
      await admin.refused('getRole', 'not-found', { params: { ...params, role: 'clerk' }, caller });
    });
  });

  describe('and who holds them', () => {
    it('is listed, by kind, with who gave it', async () => {
      const user = await aUser(admin.base, acme, ['auditor']);
      const of = async (name: string, kind: string) =>
        (
          await admin.call<{ items: object[] }>('listRoleHolders', {
            params: { ...params, role: name },
            query: { kind },
          })
        ).body.items;
      expect(await of('auditor', 'user')).to.deep.equal([
        { kind: 'user', id: user.id, userName: user.username, managedBy: 'api' },
      ]);
      expect(await of('clerk', 'group')).to.deep.equal([
        { kind: 'group', id: 'finance', userName: null, managedBy: 'file' },
      ]);
      expect(await of('clerk', 'client')).to.deep.equal([
        { kind: 'client', id: 'robot', userName: null, managedBy: 'file' },
      ]);
      await admin.refused('listRoleHolders', 'not-found', { params: { ...params, role: 'nobody' } });
    });

    it('is changed here for what was given here', async () => {
      const { roles } = admin.base;
      await create({ name: 'extra' });
      const robot = { kind: 'client', id: 'robot' } as const;
      expect(await roles.setRolesOf(acme.id, robot, ['extra', 'clerk'])).to.include({ ok: true });
      expect(await roles.setRolesOf(acme.id, robot, [])).to.include({ ok: true });
      expect(await roles.setRolesOf(acme.id, robot, ['nonsense'])).to.include({ reason: 'unknown-role' });
      admin.base.caches.forget(acme.id);
      expect(await roles.givenTo(acme.id, robot)).to.deep.equal([{ name: 'clerk', owner: 'file' }]);
    });
  });

  describe('with resource types', () => {
    const type = (name: string) => ({ ...params, resourceType: name });

    it('declares what applications protect', async () => {
      const made = await admin.call('createResourceType', { params, body: { name: 'ship', actions: ['sail'] } });
      expect(made).to.include({ status: 201 });
      const body = { actions: ['sail', 'sink'], description: 'Of the fleet' };
      const changed = await admin.call('updateResourceType', { params: type('ship'), ifMatch: made.etag ?? '', body });
      expect(changed.body).to.deep.include(body);
      const { body: known } = await admin.call<{ items: object[] }>('listPermissions', { params });
      expect(known.items).to.deep.include({
        permission: 'ship:sink',
        resourceType: 'ship',
        action: 'sink',
        managedBy: 'api',
      });
      expect(known.items).to.deep.include({
        permission: 'users:read',
        resourceType: 'users',
        action: 'read',
        managedBy: 'system',
      });
      await admin.refused('createResourceType', 'conflict', { params, body: { name: 'ship', actions: ['sail'] } });
      await admin.refused('createResourceType', 'invalid-request', {
        params,
        body: { name: 'users', actions: ['fly'] },
      });
    });

    it('keeps what a role permits', async () => {
      await admin.call('createResourceType', { params, body: { name: 'train', actions: ['ride', 'stop'] } });
      await create({ name: 'driver', permissions: ['train:ride'] });
      const change = (actions: string[]) => ({ params: type('train'), ifMatch: '*', body: { actions } });
      await admin.refused('updateResourceType', 'conflict', change(['stop']));
      await admin.call('updateResourceType', change(['ride']));
      await admin.refused('deleteResourceType', 'conflict', { params: type('train'), ifMatch: '*' });
      await admin.call('deleteRole', { params: { ...params, role: 'driver' }, ifMatch: '*' });
      expect((await admin.call('deleteResourceType', { params: type('train'), ifMatch: '*' })).status).to.equal(204);
    });
  });
});
