// One-time links, by the admin API and by the use case behind their pages.

import { expect } from 'chai';

import { composeDelivery } from '../../src/compose-delivery.ts';
import { composeLinks } from '../../src/compose-links.ts';
import type { OneTimeLinks } from '../../src/compose-links.ts';
import { composePages } from '../../src/compose-pages.ts';
import { composeSecondFactors } from '../../src/compose-second-factors.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import type { User, UserStatus } from '../../src/users/users.ts';
import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { aDirectoryId, settings } from '../support/tenants.ts';

const PASSWORD = 'rather long and unheard of, this one';
interface Sent {
  url?: string;
  expiresAt: string;
  purpose: string;
}

describe('one-time links', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  let globex: Tenant;
  let links: OneTimeLinks['links'];
  let people = 0;

  before(async () => {
    admin = await startAdmin({
      acme: { settings: settings({ policy: { accounts: { approval: true } } }) },
      globex: {},
    });
    [acme, globex] = ['acme', 'globex'].map((name) => {
      const tenant = admin.tenants[name];
      if (!tenant) throw new Error(`no tenant ${name}`);
      return tenant;
    }) as [Tenant, Tenant];
    const pages = await composePages();
    const delivery = composeDelivery(admin.base, pages, {}, { queuesOnly: true });
    ({ links } = composeLinks(admin.base, pages, delivery, composeSecondFactors(admin.base, delivery)));
  });

  async function aPerson(status: UserStatus = 'active', profile: object = {}, tenant = acme): Promise<User> {
    const email = `person${(people += 1)}@${tenant.slug}.example`;
    const made = await admin.base.users.createLocal({
      tenantId: tenant.id,
      localName: `person${people}`,
      passwordHash: undefined,
      profile: { email, ...profile },
    });
    if (!made.ok) throw new Error(made.reason);
    await admin.base.db.query('update users set status = $2 where id = $1', [made.value.id, status]);
    return { ...made.value, status };
  }
  const sent = (user: User, deliver?: string, caller?: ReturnType<typeof callerOf>) => ({
    params: { tenant: acme.slug, userId: user.id },
    body: { ...(deliver !== undefined && { deliver }) },
    ...(caller && { caller }),
  });
  async function shown(user: User, id = 'sendPasswordLink'): Promise<string> {
    const { body } = await admin.call<Sent>(id, sent(user, 'show'));
    return tokenIn(body.url ?? '');
  }
  const tokenIn = (text: string) => /\/link\/([\w-]{43})/.exec(text)?.[1] ?? expect.fail(`no link in ${text}`);
  const statusOf = async ({ id }: User) => (await admin.base.users.find(acme.id, id))?.status;

  it('are shown once, of the issuer, good for a day, and kept as a hash', async () => {
    const { body } = await admin.call<Sent>('sendPasswordLink', sent(await aPerson(), 'show'));
    expect(body.url).to.match(new RegExp(`^http://localhost:3000/t/${acme.slug}/link/[\\w-]{43}$`));
    expect(Date.parse(body.expiresAt) - Date.now()).to.be.closeTo(24 * 3_600_000, 60_000);
    for (const table of ['one_time_links', 'audit_events']) {
      const rows = await admin.base.db.query(`select * from ${table} where tenant_id = $1`, [acme.id]);
      expect(JSON.stringify(rows)).to.not.include(tokenIn(body.url ?? ''));
    }
  });

  it('are mailed to a verified address in the person’s language, and not shown then', async () => {
    const user = await aPerson('active', { emailVerified: true, locale: 'de' });
    const { body } = await admin.call<Sent>('sendEnrolmentLink', sent(user));
    expect(body).to.have.property('url', null);
    const mail = await mailTo(user);
    expect(mail.subject).to.equal(`Richten Sie Ihren zweiten Schritt bei acme ein`);
    expect((await links.open(acme, tokenIn(mail.text)))?.user.id).to.equal(user.id);
    expect(tokenIn(mail.html)).to.equal(tokenIn(mail.text));
  });

  it('are mailed to nobody whose address is not known to be theirs, unless the account is still to be set up', async () => {
    await admin.refused('sendPasswordLink', 'wrong-state', sent(await aPerson()));
    const pending = await aPerson('pending');
    await admin.call('sendPasswordLink', sent(pending));
    expect((await mailTo(pending)).subject).to.equal('Choose a password for your account at acme');
  });

  it('are mailed to one address so often and no more', async () => {
    const user = await aPerson('active', { emailVerified: true });
    for (let time = 0; time < 5; time++) await admin.call('sendPasswordLink', sent(user));
    const problem = await admin.refused('sendPasswordLink', 'too-many-requests', sent(user));
    expect(problem.retryAfter).to.be.greaterThan(0);
  });

  it('set a password for whom the directory keeps none, and nobody who is disabled or rejected', async () => {
    const directoryId = await aDirectoryId(admin.base.db, acme.id);
    const entry = { stableId: 's1', username: 'dora', dn: 'cn=dora', profile: {}, state: 'enabled' } as const;
    const answer = { entry: { ...entry, login: 'dora' }, groups: [], checkedAt: new Date() };
    const { user } = await admin.base.users.linkDirectoryUser(acme.id, directoryId, answer as never);
    await admin.refused('sendPasswordLink', 'owned-by-directory', sent(user, 'show'));
    expect((await admin.call('sendEnrolmentLink', sent(user, 'show'))).status).to.equal(200);
    for (const status of ['disabled', 'rejected'] as const) {
      await admin.refused('sendPasswordLink', 'wrong-state', sent(await aPerson(status), 'show'));
    }
    await admin.refused('sendEnrolmentLink', 'wrong-state', sent(await aPerson('pending'), 'show'));
  });

  it('of an administrator are not made by whoever may less', async () => {
    const owner = await aPerson();
    await admin.base.roles.setRolesOf(acme.id, { kind: 'user', id: owner.id }, ['owner']);
    const caller = callerOf(acme, ['users:write', 'factors:write']);
    await admin.refused('sendPasswordLink', 'grant-exceeds-own', sent(owner, 'show', caller));
    await admin.refused('sendEnrolmentLink', 'grant-exceeds-own', sent(owner, 'show', caller));
    const reader = callerOf(acme, ['users:read', 'factors:write']);
    await admin.refused('sendPasswordLink', 'permission-denied', sent(await aPerson(), 'show', reader));
  });

  it('are used once, of twenty at once', async () => {
    const token = await shown(await aPerson());
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) => links.setPassword(acme, token, `${PASSWORD} ${n}`)),
    );
    expect(outcomes.filter(({ ok }) => ok)).to.have.length(1);
    expect(await links.open(acme, token)).to.equal(undefined);
  });

  it('let one browser of twenty enrol', async () => {
    const token = await shown(await aPerson(), 'sendEnrolmentLink');
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => links.allowEnrolment(acme, token)));
    expect(outcomes.filter(({ ok }) => ok)).to.have.length(1);
  });

  it('are not used up by opening them, by a password that will not do, or for another purpose', async () => {
    const token = await shown(await aPerson());
    expect(await links.open(acme, token)).to.include({ purpose: 'password' });
    expect(await links.setPassword(acme, token, 'short')).to.deep.equal({ ok: false, reason: 'too-short' });
    expect(await links.allowEnrolment(acme, token)).to.deep.equal({ ok: false, reason: 'unknown' });
    expect(await links.setPassword(acme, token, PASSWORD)).to.deep.include({ ok: true });
  });

  it('void the one before for the same purpose, and no other', async () => {
    const user = await aPerson();
    const [first, enrolment, second] = [await shown(user), await shown(user, 'sendEnrolmentLink'), await shown(user)];
    expect(await links.open(acme, first)).to.equal(undefined);
    expect(await links.open(acme, second)).to.include({ purpose: 'password' });
    expect(await links.open(acme, enrolment)).to.include({ purpose: 'enrolment' });
  });

  it('are nothing to another tenant, after a day, once the person is disabled, or cut short', async () => {
    const user = await aPerson();
    const token = await shown(user);
    expect(await links.open(globex, token)).to.equal(undefined);
    expect(await links.setPassword(globex, token, PASSWORD)).to.deep.equal({ ok: false, reason: 'unknown' });
    expect(await links.open(acme, token.slice(0, -1))).to.equal(undefined);
    await admin.base.users.changeStatus(acme.id, user.id, ['active'], 'disabled');
    expect(await links.setPassword(acme, token, PASSWORD)).to.deep.equal({ ok: false, reason: 'unknown' });
    const expiring = await shown(await aPerson());
    await admin.base.db.query('update one_time_links set expires_at = now() - interval $$1 second$$');
    expect(await links.open(acme, expiring)).to.equal(undefined);
    expect(await links.setPassword(acme, expiring, PASSWORD)).to.deep.equal({ ok: false, reason: 'unknown' });
  });

  it('set up a pending account, which then waits for approval where the tenant asks for it', async () => {
    const user = await aPerson('pending');
    await admin.call('sendPasswordLink', sent(user));
    const token = tokenIn((await mailTo(user)).text);
    expect(await links.setPassword(acme, token, PASSWORD)).to.deep.equal({ ok: true, value: 'complete' });
    expect(await statusOf(user)).to.equal('complete');
    const { profile } = (await admin.base.users.find(acme.id, user.id)) ?? expect.fail();
    expect(profile.emailVerified, 'the mail has arrived').to.equal(true);
    expect(await eventsOf(user)).to.include.members(['user.link_sent', 'password.set', 'user.completed']);
  });

  it('that were shown say nothing of an address', async () => {
    const user = await aPerson('pending');
    await links.setPassword(acme, await shown(user), PASSWORD);
    expect((await admin.base.users.find(acme.id, user.id))?.profile).to.not.have.property('emailVerified');
  });

  async function eventsOf({ id }: User): Promise<string[]> {
    const rows = await admin.base.db.query<{ type: string }>('select type from audit_events where subject_id = $1', [
      id,
    ]);
    return rows.map(({ type }) => type);
  }

  async function mailTo({ profile: { email } }: User) {
    for (let time = 0; time < 200; time++) {
      const mail = admin.mails.find(({ to }) => to === email);
      if (mail) return mail;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return expect.fail(`no mail came to ${email}`);
  }
});
