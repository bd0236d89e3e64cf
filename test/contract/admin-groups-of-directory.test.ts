// Groups of a directory, by the admin API: as the directory has them, and the roles that they give here.

import { expect } from 'chai';
import { z } from 'zod';

import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Organisation } from '../support/organisation.ts';
import { aDirectory, aRole } from '../support/tenants.ts';
import { createLdapDirectory } from '../../src/directory/directory-ldap.ts';
import { directorySettings } from '../../src/directory/directory-settings.ts';
import type { Directory } from '../../src/directory/directory.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';

interface Group {
  id: string;
  dn: string;
  name: string;
}

describe('groups of a directory, by the admin API', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  let organisation: Organisation;
  let directory: Directory;
  let params: { tenant: string; directoryId: string };
  const groups: Record<string, Group> = {};

  before(async () => {
    organisation = await createOrganisation('admin-groups');
    const [ann, bob] = [await organisation.addPerson('ann'), await organisation.addPerson('bob')];
    const sales = await organisation.addGroup('sales', [ann]);
    await organisation.addGroup('everybody', [sales, bob]);
    const { bindPassword, ...settings } = z.looseObject({ bindPassword: z.string() }).parse(organisation.directory);
    const roles = {
      seller: aRole({ permissions: ['offer:write'] }),
      reader: aRole({ permissions: ['offer:read'], groups: ['everybody'] }),
    };
    const people = { settings: directorySettings.parse(settings), bindPassword };
    admin = await startAdmin({
      acme: { roles, directories: { people, gone: aDirectory('secret', { urls: ['ldap://127.0.0.1:1'] }) } },
      other: { directories: { people } },
    });
    acme = admin.tenants.acme ?? expect.fail();
    params = { tenant: acme.slug, directoryId: directoryId(acme, 'people') };
    const { body } = await admin.call<{ items: Group[] }>('listDirectoryGroups', { params });
    for (const group of body.items) groups[group.name] = group;
    const { settings: known, bindPassword: password = '' } =
      acme.directories.find(({ name }) => name === 'people') ?? expect.fail();
    directory = createLdapDirectory({ name: 'people', settings: known, bindPassword: password });
    for (const login of ['ann', 'bob']) {
      const found = await directory.find(login);
      if (!found.ok) throw new Error(found.reason);
      const answer = { entry: found.value, groups: await directory.groupsOf(found.value), checkedAt: new Date() };
      await admin.base.users.linkDirectoryUser(acme.id, params.directoryId, answer);
    }
  });
  after(() => directory.close());

  function directoryId(tenant: Tenant, name: string): string {
    return tenant.directories.find((one) => one.name === name)?.id ?? expect.fail();
  }

  const of = (name: string) => ({ params: { ...params, stableId: groups[name]?.id ?? name } });

  it('are listed and searched as the directory has them', async () => {
    expect(Object.keys(groups)).to.deep.equal(['everybody', 'sales']);
    const found = await admin.call('listDirectoryGroups', { params, query: { search: 'SAL' } });
    expect(found.body).to.deep.equal({ items: [groups.sales], truncated: false });
    const one = await admin.call('listDirectoryGroups', { params, query: { limit: '1' } });
    expect(one.body).to.include({ truncated: true });
    expect((await admin.call('getDirectoryGroup', of('sales'))).body).to.deep.equal(groups.sales);
    for (const limit of ['0', '1001', '-1', '1e9', 'all']) {
      await admin.refused('listDirectoryGroups', 'invalid-request', { params, query: { limit } });
    }
  });

  it('tell who of the people known here is in them, and by which way', async () => {
    const { body } = await admin.call<{ items: Record<string, unknown>[] }>(
      'listDirectoryGroupMembers',
      of('everybody'),
    );
    expect(body.items.map(({ userName, membership, via }) => ({ userName, membership, via }))).to.have.deep.members([
      { userName: 'ann', membership: 'nested', via: [groups.sales?.dn] },
      { userName: 'bob', membership: 'direct', via: [] },
    ]);
    const sales = await admin.call<{ items: unknown[] }>('listDirectoryGroupMembers', of('sales'));
    expect(sales.body.items).to.have.length(1);
  });

  it('tell whom the directory lists', async () => {
    const { body } = await admin.call<{ items: { dn: string }[] }>('listDirectoryGroupEntries', of('everybody'));
    expect(body.items.map(({ dn }) => dn.split(',', 1)[0])).to.have.members(['cn=sales', 'uid=bob']);
    const some = await admin.call('listDirectoryGroupEntries', { ...of('everybody'), query: { limit: '1' } });
    expect(some.body).to.include({ truncated: true });
  });

  it('give roles here, beside those of the configuration file', async () => {
    const before = await admin.call('getDirectoryGroupRoles', of('everybody'));
    const reader = { name: 'reader', managedBy: 'file' };
    expect(before.body).to.deep.equal({ roles: [reader], effectiveRoles: ['reader'] });
    const sent = { ...of('everybody'), body: { roles: ['seller'] }, ifMatch: before.etag };
    const set = await admin.call('setDirectoryGroupRoles', sent);
    expect(set.body).to.deep.equal({
      roles: [reader, { name: 'seller', managedBy: 'api' }],
      effectiveRoles: ['reader', 'seller'],
    });
    await admin.refused('setDirectoryGroupRoles', 'precondition-failed', sent);
    const [event] = await admin.base.db.query('select type, changes from audit_events where subject_id = $1', [
      groups.everybody?.id,
    ]);
    expect(event).to.deep.include({ type: 'group.roles_changed' });

    const clerk = callerOf(acme, ['groups:read', 'roles:write']);
    const beyond = { ...of('sales'), body: { roles: ['seller'] }, ifMatch: '*', caller: clerk };
    await admin.refused('setDirectoryGroupRoles', 'grant-exceeds-own', beyond);
  });

  it('are not there under another id, in another directory, or for another tenant', async () => {
    const routes = ['getDirectoryGroup', 'listDirectoryGroupEntries', 'getDirectoryGroupRoles'];
    for (const stableId of ['3f2504e0-4f89-41d3-9a0c-0305e82c3301', '*', 'sales']) {
      for (const id of routes) await admin.refused(id, 'not-found', { params: { ...params, stableId } });
      const sent = { params: { ...params, stableId }, body: { roles: ['seller'] }, ifMatch: '*' };
      await admin.refused('setDirectoryGroupRoles', 'not-found', sent);
    }
    const theirs = directoryId(admin.tenants.other ?? expect.fail(), 'people');
    for (const id of [...routes, 'listDirectoryGroupMembers']) {
      await admin.refused(id, 'not-found', { params: { ...of('sales').params, directoryId: theirs } });
    }
    await admin.refused('listDirectoryGroups', 'not-found', { params: { ...params, directoryId: theirs } });
  });

  it('cannot be told while the directory does not answer', async () => {
    const gone = { ...params, directoryId: directoryId(acme, 'gone') };
    const error = await admin.call('listDirectoryGroups', { params: gone }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.include({ code: 'directory_unavailable', status: 503 });
  });
});
