// Groups that live here, by the admin API: made, nested, listed, deleted.

import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import { startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { localGroups } from '../support/local-groups.ts';
import { aRole } from '../support/tenants.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';

describe('groups of a tenant, by the admin API', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  let other: Tenant;
  let groups: ReturnType<typeof localGroups>;

  before(async () => {
    const roles = { editor: aRole({ permissions: ['page:write'] }) };
    admin = await startAdmin({ acme: { roles }, other: {} });
    const { acme: first, other: second } = admin.tenants;
    acme = first ?? expect.fail();
    other = second ?? expect.fail();
    groups = localGroups(admin, acme);
  });

  const tenant = () => ({ tenant: acme.slug });
  const of = (groupId: string) => ({ params: { ...tenant(), groupId } });

  async function trailOf(groupId: string) {
    const rows = await admin.base.db.query<{ type: string; detail: unknown; changes: unknown }>(
      `select type, detail, changes from audit_events where tenant_id = $1 and subject_id = $2 order by at, id`,
      [acme.id, groupId],
    );
    return rows.map(({ type, detail }) => ({ type, detail }));
  }

  it('are made, renamed, described, and deleted', async () => {
    const made = await admin.call('createGroup', {
      params: tenant(),
      body: { name: 'Press', description: 'Who writes' },
    });
    expect(made.status).to.equal(201);
    const id = String(made.body.id);
    expect(made.location).to.equal(`/tenants/${acme.slug}/groups/${id}`);
    const read = await admin.call('getGroup', of(id));
    expect(read.body).to.deep.equal(made.body);
    expect(read.etag).to.equal(made.etag);

    const patch = { name: 'Newsroom', description: null };
    const renamed = await admin.call('updateGroup', { ...of(id), body: patch, ifMatch: made.etag });
    expect(renamed.body).to.include({ id, name: 'Newsroom', description: null });
    await admin.refused('updateGroup', 'precondition-failed', { ...of(id), body: patch, ifMatch: made.etag });
    await admin.refused('updateGroup', 'precondition-required', { ...of(id), body: patch });

    expect((await admin.call('deleteGroup', { ...of(id), ifMatch: renamed.etag })).status).to.equal(204);
    await admin.refused('getGroup', 'not-found', of(id));
    expect((await trailOf(id)).map(({ type }) => type)).to.deep.equal([
      'group.created',
      'group.changed',
      'group.deleted',
    ]);
  });

  it('leave nothing in the audit trail of a change that changes nothing', async () => {
    const { id } = await groups.aGroup('Quiet');
    const before = await trailOf(id);
    await admin.call('updateGroup', { ...of(id), body: {}, ifMatch: '*' });
    await admin.call('updateGroup', { ...of(id), body: { name: 'Quiet' }, ifMatch: '*' });
    await admin.call('setGroupRoles', { ...of(id), body: { roles: [] }, ifMatch: '*' });
    expect(await trailOf(id)).to.deep.equal(before);
    await admin.call('updateGroup', { ...of(id), body: { description: 'Now' }, ifMatch: '*' });
    const [event] = await admin.base.db.query(
      `select changes from audit_events where subject_id = $1 and type = 'group.changed'`,
      [id],
    );
    expect(event?.changes).to.deep.equal([{ at: '/description', from: null, to: 'Now' }]);
  });

  it('have names of their own, whatever the letter case, in each tenant for itself', async () => {
    const staff = await groups.aGroup('Staff');
    await admin.refused('createGroup', 'conflict', { params: tenant(), body: { name: 'sTAFF' } });
    const crew = await groups.aGroup('Crew');
    await admin.refused('updateGroup', 'conflict', { ...of(crew.id), body: { name: 'STAFF' }, ifMatch: '*' });
    const spelled = await admin.call('updateGroup', { ...of(staff.id), body: { name: 'STAFF' }, ifMatch: '*' });
    expect(spelled.body).to.include({ name: 'STAFF' });
    await admin.call('createGroup', { params: { tenant: other.slug }, body: { name: 'Staff' } });
  });

  it('take no name from two at once', async () => {
    const attempts = Array.from({ length: 5 }, (_, at) =>
      admin.call('createGroup', { params: tenant(), body: { name: at % 2 ? 'Contested' : 'contested' } }),
    );
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).to.include({ code: 'conflict' });
    }
  });

  const noNames = [
    '',
    '   ',
    'x'.repeat(121),
    'a\u0000b',
    'two  spaces',
    'zero\u200bwidth',
    'ﬁnance',
    'cn=admins,ou=groups,dc=example',
    'CN=admins',
    'local:finance',
    'Local: finance',
    '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
    '66446001-1dd211b2-8aaafac4-5b2bf2ba',
  ];
  for (const name of noNames) {
    it(`are not called ${JSON.stringify(name.slice(0, 40))}`, async () => {
      const problem = await admin.refused('createGroup', 'invalid-request', { params: tenant(), body: { name } });
      expect(problem.errors[0]).to.include({ pointer: '#/name' });
    });
  }

  it('are listed page by page, by name', async () => {
    const fresh = await startAdmin({ listed: {} });
    const listed = fresh.tenants.listed ?? expect.fail();
    const made = localGroups(fresh, listed);
    for (const name of ['delta', 'Alpha', 'charlie', 'Bravo']) await made.aGroup(name);
    const names: string[] = [];
    let pageToken: string | undefined;
    do {
      const query = { pageSize: '3', sort: 'name', ...(pageToken !== undefined && { pageToken }) };
      const { body } = await fresh.call<{ items: { name: string }[]; nextPageToken?: string }>('listGroups', {
        params: { tenant: listed.slug },
        query,
      });
      names.push(...body.items.map(({ name }) => name));
      pageToken = body.nextPageToken;
    } while (pageToken !== undefined);
    expect(names).to.deep.equal(['Alpha', 'Bravo', 'charlie', 'delta']);
    const found = await fresh.call<{ items: { name: string }[] }>('listGroups', {
      params: { tenant: listed.slug },
      query: { filter: 'name sw "al"' },
    });
    expect(found.body.items.map(({ name }) => name)).to.deep.equal(['Alpha']);
  });

  it('have users and groups for members, and tell by which way', async () => {
    const [inner, middle, outer] = [
      await groups.aGroup('inner'),
      await groups.aGroup('middle'),
      await groups.aGroup('outer'),
    ];
    const [ann, bob] = [await groups.aUser('ann'), await groups.aUser('bob')];
    expect(await groups.add(inner.id, { userId: ann })).to.include({
      id: ann,
      kind: 'user',
      name: 'ann',
      membership: 'direct',
    });
    await groups.add(middle.id, { groupId: inner.id });
    await groups.add(outer.id, { groupId: middle.id });
    await groups.add(outer.id, { userId: bob });
    await groups.add(middle.id, { userId: bob });

    const direct = await groups.membersOf(outer.id);
    expect(direct.items.map(({ name }) => name)).to.have.members(['middle', 'bob']);
    const all = await groups.membersOf(outer.id, { effective: 'true' });
    expect(all.items.map(({ name, via }) => [name, ...via.map((group) => group.name)])).to.have.deep.members([
      ['middle'],
      ['bob'],
      ['inner', 'middle'],
      ['ann', 'inner', 'middle'],
    ]);
    const users = await groups.membersOf(outer.id, { effective: 'true', filter: 'kind eq "user"' });
    expect(users.items.map(({ name }) => name)).to.have.members(['ann', 'bob']);

    const nested = await admin.call('getGroupMember', { params: { ...tenant(), groupId: outer.id, memberId: ann } });
    expect(nested.body).to.deep.include({
      membership: 'nested',
      via: [
        { id: inner.id, name: 'inner' },
        { id: middle.id, name: 'middle' },
      ],
    });
    const user = await admin.base.users.find(acme.id, ann);
    expect(user?.groups).to.deep.equal([
      { local: true, id: inner.id, name: 'inner', via: [] },
      { local: true, id: middle.id, name: 'middle', via: ['inner'] },
      { local: true, id: outer.id, name: 'outer', via: ['inner', 'middle'] },
    ]);
  });

  it('list each effective member once, page by page, however many ways there are', async () => {
    const top = await groups.aGroup('diamond');
    const sides = [await groups.aGroup('left'), await groups.aGroup('right')];
    const people = await Promise.all(Array.from({ length: 5 }, (_, at) => groups.aUser(`carat-${at}`)));
    for (const side of sides) {
      await groups.add(top.id, { groupId: side.id });
      for (const userId of people) await groups.add(side.id, { userId });
    }
    const seen: string[] = [];
    let pageToken: string | undefined;
    do {
      const page = await groups.membersOf(top.id, {
        effective: 'true',
        pageSize: '2',
        ...(pageToken !== undefined && { pageToken }),
      });
      seen.push(...page.items.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    expect(seen).to.have.length(7);
    expect(seen).to.have.members([...people, ...sides.map(({ id }) => id)]);
  });

  it('let a direct member go, and say where a nested one is to be taken out', async () => {
    const [inner, outer] = [await groups.aGroup('let-go-inner'), await groups.aGroup('let-go-outer')];
    const cay = await groups.aUser('cay');
    await groups.add(inner.id, { userId: cay });
    await groups.add(outer.id, { groupId: inner.id });
    const ofOuter = { params: { ...tenant(), groupId: outer.id, memberId: cay } };
    await admin.refused('removeGroupMember', 'precondition-required', ofOuter);
    const refusal = await admin.refused('removeGroupMember', 'wrong-state', { ...ofOuter, ifMatch: '*' });
    expect(refusal.detail).to.contain('let-go-inner');
    const ofInner = { params: { ...tenant(), groupId: inner.id, memberId: cay } };
    const { etag } = await admin.call('getGroupMember', ofInner);
    expect((await admin.call('removeGroupMember', { ...ofInner, ifMatch: etag })).status).to.equal(204);
    await admin.refused('getGroupMember', 'not-found', ofOuter);
    expect((await trailOf(inner.id)).slice(1)).to.deep.equal([
      { type: 'group.member_added', detail: { user: cay } },
      { type: 'group.member_removed', detail: { user: cay } },
    ]);
  });

  it('take nobody twice', async () => {
    const group = await groups.aGroup('once');
    const dee = await groups.aUser('dee');
    await groups.add(group.id, { userId: dee });
    await admin.refused('addGroupMember', 'conflict', { ...of(group.id), body: { userId: dee } });
  });

  it('go in no circle, also where two at once would close it', async () => {
    const [a, b, c] = [await groups.aGroup('ring-a'), await groups.aGroup('ring-b'), await groups.aGroup('ring-c')];
    await admin.refused('addGroupMember', 'conflict', { ...of(a.id), body: { groupId: a.id } });
    await groups.add(a.id, { groupId: b.id });
    await groups.add(b.id, { groupId: c.id });
    await admin.refused('addGroupMember', 'conflict', { ...of(c.id), body: { groupId: a.id } });

    for (let round = 0; round < 5; round += 1) {
      const [x, y] = [await groups.aGroup(`pair-x${round}`), await groups.aGroup(`pair-y${round}`)];
      const outcomes = await Promise.allSettled([
        groups.add(x.id, { groupId: y.id }),
        groups.add(y.id, { groupId: x.id }),
      ]);
      expect(outcomes.map(({ status }) => status)).to.have.members(['fulfilled', 'rejected']);
      const [lost] = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(lost?.reason).to.include({ code: 'conflict' });
    }
  });

  it('stand no more than twenty upon each other', async () => {
    const tower = [];
    for (let level = 0; level < 21; level += 1) tower.push(await groups.aGroup(`level-${level}`));
    const ids = tower.map(({ id }) => id);
    for (let level = 0; level < 19; level += 1) {
      await groups.add(ids[level + 1] ?? '', { groupId: ids[level] ?? '' });
    }
    const [top = '', above = ''] = ids.slice(19);
    const problem = await admin.refused('addGroupMember', 'conflict', { ...of(above), body: { groupId: top } });
    expect(problem.detail).to.equal('Too many groups would stand one upon the other.');
  });

  it('give their members roles, nested ones too, and take them when they go', async () => {
    const [inner, outer] = [await groups.aGroup('editors-of-page'), await groups.aGroup('editors')];
    const eve = await groups.aUser('eve');
    await groups.add(inner.id, { userId: eve });
    await groups.add(outer.id, { groupId: inner.id });
    const { etag } = await admin.call('getGroupRoles', of(outer.id));
    const set = await admin.call('setGroupRoles', { ...of(outer.id), body: { roles: ['editor'] }, ifMatch: etag });
    expect(set.body).to.deep.equal({ roles: [{ name: 'editor', managedBy: 'api' }], effectiveRoles: ['editor'] });
    const inherited = await admin.call('getGroupRoles', of(inner.id));
    expect(inherited.body).to.deep.equal({ roles: [], effectiveRoles: ['editor'] });
    const unknown = { ...of(outer.id), body: { roles: ['no-such'] }, ifMatch: '*' };
    await admin.refused('setGroupRoles', 'invalid-request', unknown);
    admin.base.caches.forget(acme.id);
    expect(await groups.rolesOf(eve)).to.deep.equal(['editor']);
    await admin.call('deleteGroup', { ...of(outer.id), ifMatch: '*' });
    expect(await groups.rolesOf(eve)).to.deep.equal([]);
    const left = await admin.base.db.query('select 1 from role_holders where tenant_id = $1 and holder = $2', [
      acme.id,
      outer.id,
    ]);
    expect(left).to.deep.equal([]);
  });

  it('have managers', async () => {
    const group = await groups.aGroup('managed');
    const flo = await groups.aUser('flo');
    const made = await admin.call('addGroupManager', { ...of(group.id), body: { userId: flo } });
    expect(made.status).to.equal(201);
    expect(made.body).to.include({ userId: flo, userName: 'flo' });
    await admin.refused('addGroupManager', 'conflict', { ...of(group.id), body: { userId: flo } });
    const { body } = await admin.call<{ items: unknown[] }>('listGroupManagers', of(group.id));
    expect(body.items).to.deep.equal([made.body]);
    const one = { params: { ...tenant(), groupId: group.id, userId: flo } };
    const { etag } = await admin.call('getGroupManager', one);
    await admin.call('removeGroupManager', { ...one, ifMatch: etag });
    await admin.refused('getGroupManager', 'not-found', one);
    expect((await trailOf(group.id)).map(({ type }) => type).slice(1)).to.deep.equal([
      'group.manager_added',
      'group.manager_removed',
    ]);
  });

  it('know nothing of another tenant, in the path or in the body', async () => {
    const theirs = localGroups(admin, other);
    const [group, user] = [await theirs.aGroup('theirs'), await theirs.aUser('their-ann')];
    await theirs.add(group.id, { userId: user });
    const own = await groups.aGroup('own');
    const nobody = uuidv7();
    for (const groupId of [group.id, nobody, 'not-an-id']) {
      for (const id of ['getGroup', 'listGroupMembers', 'listGroupManagers', 'getGroupRoles']) {
        await admin.refused(id, 'not-found', of(groupId));
      }
      await admin.refused('updateGroup', 'not-found', { ...of(groupId), body: { name: 'mine' }, ifMatch: '*' });
      await admin.refused('deleteGroup', 'not-found', { ...of(groupId), ifMatch: '*' });
      await admin.refused('addGroupMember', 'not-found', { ...of(groupId), body: { groupId: own.id } });
      await admin.refused('setGroupRoles', 'not-found', { ...of(groupId), body: { roles: [] }, ifMatch: '*' });
      const member = { params: { ...tenant(), groupId, memberId: user } };
      await admin.refused('getGroupMember', 'not-found', member);
      await admin.refused('removeGroupMember', 'not-found', { ...member, ifMatch: '*' });
    }
    for (const body of [{ userId: user }, { groupId: group.id }, { userId: nobody }, { groupId: nobody }]) {
      await admin.refused('addGroupMember', 'not-found', { ...of(own.id), body });
    }
    await admin.refused('addGroupManager', 'not-found', { ...of(own.id), body: { userId: user } });
    expect((await groups.membersOf(own.id)).items).to.deep.equal([]);
    expect((await theirs.membersOf(group.id)).items).to.have.length(1);
  });

  it('take a user or a group, and not both or neither', async () => {
    const group = await groups.aGroup('either');
    const ids = { userId: uuidv7(), groupId: uuidv7() };
    for (const body of [ids, {}, { userId: 'x' }, { ...ids, extra: 1 }]) {
      await admin.refused('addGroupMember', 'invalid-request', { ...of(group.id), body });
    }
  });
});
