// People through the admin API: made, shown, changed, deleted, and in which state they are.

import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import { etagOf } from '../../src/admin/changes.ts';
import { tenantSettings } from '../../src/tenants/tenant-settings.ts';
import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { aPerson, aDirectoryPerson } from '../support/admin-people.ts';
import type { ShownUser } from '../../src/admin/routes/user-shape.ts';

const PASSWORD = 'correct horse battery staple';

describe('users through the admin API', () => {
  let admin: TestAdmin;
  const acme = () => admin.tenants.acme ?? expect.fail();
  const of = (userId: string, tenant = acme()) => ({ params: { tenant: tenant.slug, userId } });
  const inAcme = () => ({ params: { tenant: acme().slug } });
  const get = async (userId: string) => admin.call<ShownUser>('getUser', of(userId));
  const create = (body: object) => admin.call<ShownUser>('createUser', { ...inAcme(), body });
  const eventsOf = (userId: string) =>
    admin.base.db.query<{ type: string; actor_id: string; changes: unknown; detail: unknown }>(
      'select type, actor_id, changes, detail from audit_events where tenant_id = $1 and subject_id = $2 order by at, id',
      [acme().id, userId],
    );

  before(async () => {
    admin = await startAdmin({ acme: {}, other: {} });
  });

  describe('that are made', () => {
    it('with passwords are so many at once, apart from sign-ins, which wait for none of them', async () => {
      const making = Promise.allSettled(
        Array.from({ length: 100 }, () => create({ userName: uuidv7(), password: PASSWORD })),
      );
      const { ok } = await admin.base.passwordHash.verify(undefined, PASSWORD);
      expect(ok).to.equal(false);
      const refusals = (await making).flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : []));
      expect(refusals).to.have.lengthOf.within(80, 91);
      for (const refusal of refusals) expect(refusal).to.include({ status: 429, retryAfter: 1 });
    });

    it('are active with a password, which is kept as a hash, and shown nowhere', async () => {
      const { status, body, etag, location } = await create({
        userName: ' Ann.Example ',
        profile: { givenName: 'Ann', email: 'ann@acme.example' },
        password: PASSWORD,
      });
      expect(status).to.equal(201);
      expect(body).to.include({
        userName: 'Ann.Example',
        loginName: 'ann.example@local',
        status: 'active',
        managedBy: 'api',
        directory: null,
        hasPassword: true,
        lastLoginAt: null,
      });
      expect(body.profile).to.deep.equal({ givenName: 'Ann', email: 'ann@acme.example' });
      expect(location).to.equal(`/tenants/${acme().slug}/users/${body.id}`);
      expect(await get(body.id)).to.deep.include({ body, etag });
      const stored = await admin.base.users.findByLocalName(acme().id, 'ann.example');
      expect(stored?.passwordHash).to.match(/^\$argon2id\$/);
      const events = await eventsOf(body.id);
      expect(events.map(({ type }) => type)).to.deep.equal(['user.created']);
      expect(JSON.stringify([body, events]))
        .to.not.include(PASSWORD)
        .and.not.include('argon2');
    });

    it('are pending without a password, until they have set themselves up', async () => {
      const { body } = await create({ userName: 'pending-one' });
      expect(body).to.include({ status: 'pending', hasPassword: false });
    });

    it('have a name that nobody else has and that can be typed', async () => {
      await create({ userName: 'taken' });
      const taken = await admin.refused('createUser', 'conflict', { ...inAcme(), body: { userName: 'TAKEN' } });
      expect(taken.errors).to.deep.equal([{ pointer: '#/userName', detail: 'is taken' }]);
      await admin.refused('createUser', 'invalid-request', { ...inAcme(), body: { userName: 'a\u200bb' } });
    });

    it('have a password that would do anywhere else', async () => {
      for (const password of ['short', 'password1234567', 'trueblood-trueblood', 'half a surrogate \ud800 pair']) {
        const body = { userName: 'weak', profile: { familyName: 'Trueblood' }, password };
        const { errors } = await admin.refused('createUser', 'invalid-request', { ...inAcme(), body });
        expect(errors[0], password).to.include({ pointer: '#/password' });
      }
      expect(await admin.base.users.findByLocalName(acme().id, 'weak')).to.equal(undefined);
    });

    it('have no members that are unknown, and no values that are no names or addresses', async () => {
      for (const wrong of [
        { status: 'active' },
        { roles: ['owner'] },
        JSON.parse('{ "__proto__": { "status": "active" } }'),
        { profile: { sub: 'x' } },
        { profile: { email: 'ann@acme.example\r\nBcc: all@acme.example' } },
        { profile: { picture: 'javascript:alert(1)' } },
        { profile: { name: 'a\0b' } },
        { profile: { emailVerified: 'yes' } },
      ]) {
        await admin.refused('createUser', 'invalid-request', { ...inAcme(), body: { userName: 'wrong', ...wrong } });
      }
      expect(await admin.base.users.findByLocalName(acme().id, 'wrong')).to.equal(undefined);
    });
  });

  describe('that are changed', () => {
    it('have what the patch says, and keep the rest', async () => {
      const made = await create({ userName: 'patched', profile: { name: 'Ann', nickname: 'A', locale: 'de' } });
      const { body } = await admin.call<ShownUser>('updateUser', {
        ...of(made.body.id),
        ifMatch: made.etag,
        body: { userName: 'Patched.Too', profile: { name: 'Anna', nickname: null } },
      });
      expect(body.userName).to.equal('Patched.Too');
      expect(body.profile).to.deep.equal({ name: 'Anna', locale: 'de' });
      expect(await admin.base.users.findByLocalName(acme().id, 'patched')).to.equal(undefined);
      expect((await admin.base.users.findByLocalName(acme().id, 'patched.too'))?.user.id).to.equal(body.id);
      const changed = (await eventsOf(body.id)).find(({ type }) => type === 'user.changed');
      expect(changed?.changes).to.deep.include({ at: '/profile/name', from: 'Ann', to: 'Anna' });
    });

    it('have a new address that is not verified, unless that is said with it', async () => {
      const { body: made } = await create({
        userName: 'moved',
        profile: { email: 'a@acme.example', emailVerified: true, phoneNumber: '+49 170 1', phoneNumberVerified: true },
      });
      const patch = async (profile: object) =>
        (await admin.call<ShownUser>('updateUser', { ...of(made.id), ifMatch: '*', body: { profile } })).body.profile;
      expect(await patch({ email: 'a@acme.example' })).to.include({ emailVerified: true });
      expect(await patch({ email: 'b@acme.example' })).to.not.have.property('emailVerified');
      expect(await patch({ email: 'c@acme.example', emailVerified: true })).to.include({ emailVerified: true });
      expect(await patch({ email: null })).to.deep.equal({ phoneNumber: '+49 170 1', phoneNumberVerified: true });
      expect(await patch({ emailVerified: true })).to.not.have.property('emailVerified');
      expect(await patch({ phoneNumber: '+49 170 2' })).to.deep.equal({ phoneNumber: '+49 170 2' });
    });

    it('do not take a name that another has, however many try at once', async () => {
      const people = await Promise.all([0, 1, 2, 3].map((n) => create({ userName: `racer-${String(n)}` })));
      const outcomes = await Promise.allSettled([
        ...people.map(({ body }) =>
          admin.call('updateUser', { ...of(body.id), ifMatch: '*', body: { userName: 'the-winner' } }),
        ),
        create({ userName: 'the-winner' }),
      ]);
      const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
      expect(lost).to.have.length(4);
      for (const problem of lost) expect(problem).to.include({ code: 'conflict' });
    });

    it('are changed by one of two who have seen the same', async () => {
      const { body, etag } = await create({ userName: 'contended' });
      const change = (name: string) =>
        admin.call('updateUser', { ...of(body.id), ifMatch: etag, body: { profile: { name } } });
      const outcomes = await Promise.allSettled([change('One'), change('Two')]);
      expect(outcomes.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
      const refused = outcomes.find((outcome) => outcome.status === 'rejected');
      expect(refused?.reason).to.include({ code: 'precondition-failed' });
      await admin.refused('updateUser', 'precondition-required', { ...of(body.id), body: {} });
    });

    it('keep what their directory says of them', async () => {
      const { id } = await aDirectoryPerson(admin, acme(), 'dora');
      const { body, etag } = await get(id);
      expect(body).to.deep.include({ managedBy: 'directory', userName: 'dora', hasPassword: false });
      expect(body.directory).to.include({ name: 'corp', dn: 'uid=dora,dc=acme', state: 'enabled' });
      const refused = await admin.refused('updateUser', 'owned-by-directory', {
        ...of(id),
        ifMatch: etag,
        body: { userName: 'other', profile: { name: 'Dora', email: 'evil@other.example', emailVerified: true } },
      });
      expect(refused.errors.map((error) => 'pointer' in error && error.pointer)).to.deep.equal([
        '#/userName',
        '#/profile/email',
        '#/profile/emailVerified',
      ]);
      const same = { userName: body.userName, profile: body.profile };
      expect((await admin.call('updateUser', { ...of(id), ifMatch: etag, body: same })).body).to.deep.equal(body);
    });
  });

  describe('whose status is changed', () => {
    const states = ['pending', 'complete', 'active', 'disabled', 'rejected'] as const;
    const actions = {
      disableUser: { from: ['active'], to: 'disabled' },
      enableUser: { from: ['disabled'], to: 'active' },
      approveUser: { from: ['complete'], to: 'active' },
      rejectUser: { from: ['pending', 'complete'], to: 'rejected' },
    } as const;
    const events = {
      disableUser: 'user.disabled',
      enableUser: 'user.enabled',
      approveUser: 'user.approved',
      rejectUser: 'user.rejected',
    };

    for (const action of Object.keys(actions) as (keyof typeof actions)[]) {
      it(`are changed by ${action} from the states that it is for, and from no other`, async () => {
        const { from, to } = actions[action];
        for (const state of states) {
          const id = await aPerson(admin, acme(), { status: state });
          if (from.some((one) => one === state)) {
            expect((await admin.call<ShownUser>(action, of(id))).body.status).to.equal(to);
            expect((await eventsOf(id)).map(({ type }) => type)).to.include(events[action]);
          } else {
            await admin.refused(action, 'wrong-state', of(id));
            expect((await get(id)).body.status).to.equal(state);
          }
        }
      });
    }

    it('wait for approval where the tenant asks for it, also when an administrator has given a password', async () => {
      const settings = tenantSettings.parse({ policy: { accounts: { approval: true } } });
      const { tenants, base, ...there } = await startAdmin({ strict: { settings } });
      const strict = tenants.strict ?? expect.fail();
      const body = { userName: 'waiting', password: PASSWORD };
      const made = await there.call<ShownUser>('createUser', { params: { tenant: strict.slug }, body });
      expect(made.body.status).to.equal('complete');
      const id = await aPerson({ base }, strict, { status: 'pending' });
      expect(await base.completeSetUp(strict, id)).to.equal(true);
      expect(await base.users.find(strict.id, id)).to.include({ status: 'complete' });
      expect(await base.completeSetUp(strict, id), 'once').to.equal(false);
    });

    it('are active once they have been set up, where nobody has to approve it', async () => {
      const id = await aPerson(admin, acme(), { status: 'pending' });
      expect(await admin.base.completeSetUp(acme(), id)).to.equal(true);
      expect((await get(id)).body.status).to.equal('active');
      expect((await eventsOf(id)).map(({ type }) => type)).to.deep.equal(['user.completed']);
      for (const status of ['complete', 'disabled', 'rejected'] as const) {
        const other = await aPerson(admin, acme(), { status });
        expect(await admin.base.completeSetUp(acme(), other)).to.equal(false);
        expect((await get(other)).body.status).to.equal(status);
      }
    });
  });

  describe('of another tenant', () => {
    it('are as unknown as users that do not exist', async () => {
      const stranger = await aPerson(admin, admin.tenants.other ?? expect.fail(), {});
      const before = await admin.base.db.query('select * from users where id = $1', [stranger]);
      for (const userId of [stranger, uuidv7(), 'no-uuid']) {
        const ifMatch = '*';
        await admin.refused('getUser', 'not-found', of(userId));
        await admin.refused('updateUser', 'not-found', { ...of(userId), ifMatch, body: { profile: { name: 'x' } } });
        await admin.refused('deleteUser', 'not-found', { ...of(userId), ifMatch });
        for (const action of ['disableUser', 'enableUser', 'approveUser', 'rejectUser', 'endUserSessions']) {
          await admin.refused(action, 'not-found', of(userId));
        }
        await admin.refused('resetUserFactors', 'not-found', { ...of(userId), body: { enrolBy: 'sign-in' } });
        for (const list of ['Sessions', 'SignIns', 'Factors', 'Consents']) {
          await admin.refused(`listUser${list}`, 'not-found', of(userId));
        }
        await admin.refused('getUserRoles', 'not-found', of(userId));
        await admin.refused('getUserGroups', 'not-found', of(userId));
        await admin.refused('getUserEffectiveRoles', 'not-found', of(userId));
        await admin.refused('setUserRoles', 'not-found', { ...of(userId), ifMatch, body: { roles: [] } });
        await admin.refused('setUserGroups', 'not-found', { ...of(userId), ifMatch, body: { groups: [] } });
      }
      expect(await admin.base.db.query('select * from users where id = $1', [stranger])).to.deep.equal(before);
    });
  });

  describe('who may do more than the caller', () => {
    it('are not changed, disabled or deleted by them, nor are their factors reset', async () => {
      const caller = callerOf(acme(), ['users:read', 'users:write', 'factors:write', 'sessions:write']);
      await admin.call('setUserRoles', {
        ...of(await aPerson(admin, acme(), { name: 'another-owner' })),
        ifMatch: '*',
        body: { roles: ['owner'] },
      });
      const owner = await aPerson(admin, acme(), { name: 'the-owner' });
      await admin.call('setUserRoles', { ...of(owner), ifMatch: '*', body: { roles: ['owner'] } });
      const as = { ...of(owner), caller, ifMatch: '*' };
      const body = { profile: { email: 'mine@other.example' } };
      await admin.refused('updateUser', 'grant-exceeds-own', { ...as, body });
      await admin.refused('deleteUser', 'grant-exceeds-own', as);
      await admin.refused('disableUser', 'grant-exceeds-own', as);
      await admin.refused('resetUserFactors', 'grant-exceeds-own', { ...as, body: { enrolBy: 'sign-in' } });
      const { body: kept } = await get(owner);
      expect(kept).to.deep.include({ status: 'active', profile: {} });
    });
  });

  it('are tagged by what is shown of them, but for what changes by itself', async () => {
    const { body, etag } = await create({ userName: 'tagged' });
    expect(etag).to.equal(etagOf(body));
    await admin.base.db.query('update users set last_login_at = now() where id = $1', [body.id]);
    expect((await get(body.id)).etag).to.equal(etag);
  });
});
