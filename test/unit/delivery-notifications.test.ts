import { expect } from 'chai';

import type { Delivery } from '../../src/delivery/delivery.ts';
import { createNotifications } from '../../src/delivery/notifications.ts';
import type { AccountChangedFacts, AccountNotice } from '../../src/delivery/notifications.ts';
import type { FactorId } from '../../src/policy/factors.ts';
import type { Enrolment } from '../../src/second-factors/second-factor.ts';
import { tenantSettings } from '../../src/tenants/tenant-settings.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import type { User, UserEntry, UserProfile } from '../../src/users/users.ts';

describe('the word about a change of an account', () => {
  const tenant: Tenant = {
    id: 'tenant-1',
    slug: 'acme',
    name: 'Acme',
    status: 'active',
    settings: tenantSettings.parse({ passwordHelpUrl: 'https://acme.example/password' }),
    secret: '',
    directories: [],
    version: 1,
  };
  const untrusting = { ...tenant, settings: tenantSettings.parse({ policy: { trustDirectoryContacts: false } }) };
  const entry: UserEntry = {
    id: 'directory-1',
    stableId: 'entry-1',
    dn: 'uid=ann',
    groups: [],
    state: 'enabled',
    checkedAt: new Date(),
  };
  const added: AccountNotice = { kind: 'factor-added', factor: 'totp', name: 'Phone' };

  interface Situation {
    /** Of a directory's user; else the account is a local one. */
    directory?: UserEntry | undefined;
    ofTenant?: Tenant;
    /** Addresses that the person has enrolled. */
    enrolled?: readonly string[];
    device?: { name: string; address: string };
    notice?: AccountNotice;
    byAdministrator?: boolean;
  }

  async function tell(profile: UserProfile, situation: Situation = {}) {
    const {
      ofTenant = tenant,
      enrolled = [],
      device = { name: '', address: '-' },
      notice = added,
      byAdministrator,
    } = situation;
    const queued: Delivery[] = [];
    const facts: AccountChangedFacts[] = [];
    const user: User = {
      id: 'user-1',
      tenantId: ofTenant.id,
      username: 'ann',
      status: 'active',
      profile,
      directory: 'directory' in situation ? situation.directory : entry,
      local: undefined,
      lastLoginAt: undefined,
      groups: [],
      proofGeneration: 0,
    };
    const owned = [
      anEnrolment('totp', 'SHA1:6:30:SECRET'),
      ...enrolled.map((address) => anEnrolment('email', address)),
    ];
    const notify = createNotifications({
      enqueue: async (delivery) => {
        queued.push(delivery);
        return 'delivery-1';
      },
      findTenant: async (id) => (id === ofTenant.id ? ofTenant : undefined),
      findUser: async (tenantId, id) => (tenantId === ofTenant.id && id === user.id ? user : undefined),
      enrolments: { list: async (tenantId, id) => (tenantId === ofTenant.id && id === user.id ? owned : []) },
      issuerOf: ({ slug }) => `https://id.example/t/${slug}`,
      write: (_tenant, locale, told) => {
        facts.push(told);
        return { subject: `in ${locale ?? 'no language'}`, text: 'text', html: 'html' };
      },
      currentDevice: () => device,
      now: () => new Date('2026-03-01T12:00:00Z'),
    });
    const by = byAdministrator === undefined ? {} : { byAdministrator };
    await notify({ tenantId: ofTenant.id, userId: user.id, notice, ...by });
    return { queued, facts, to: queued.map(({ message }) => ('to' in message ? message.to : undefined)) };
  }

  it('goes to the person with what was changed, when, where and by what', async () => {
    const profile = { email: 'ann@acme.example', name: 'Ann Example', givenName: 'Ann', locale: 'de' };
    const { queued, facts } = await tell(profile, { device: { name: 'Firefox, Linux', address: '192.0.2.7' } });
    expect(facts).to.deep.equal([
      {
        name: 'Ann',
        username: 'ann',
        notice: added,
        time: new Date('2026-03-01T12:00:00Z'),
        byAdministrator: false,
        address: '192.0.2.7',
        browser: 'Firefox, Linux',
        passwordHelpUrl: 'https://acme.example/password',
        accountUrl: 'https://id.example/t/acme/account',
      },
    ]);
    expect(queued).to.deep.equal([
      {
        tenantId: 'tenant-1',
        channel: 'email',
        message: { to: 'ann@acme.example', subject: 'in de', text: 'text', html: 'html' },
        expiresAt: new Date('2026-03-04T12:00:00Z'),
      },
    ]);
  });

  it('does not tell from where an administrator did it', async () => {
    const device = { name: 'Firefox, Linux', address: '192.0.2.7' };
    const { facts } = await tell({ email: 'ann@acme.example' }, { device, byAdministrator: true });
    expect(facts[0]).to.include({ byAdministrator: true });
    expect(facts[0]).to.not.have.any.keys('address', 'browser');
  });

  it('carries what it is about as it is', async () => {
    const notice = { kind: 'recovery-code-used', remaining: 3 } as const;
    expect((await tell({ email: 'ann@acme.example' }, { notice })).facts[0]?.notice).to.deep.equal(notice);
  });

  it('addresses people by what is known of them', async () => {
    const named = await tell({ email: 'ann@acme.example', name: 'Ann Example' });
    expect(named.facts[0]).to.include({ name: 'Ann Example', address: '-', browser: undefined });
    const unnamed = await tell({ email: 'ann@acme.example' });
    expect(unnamed.facts[0]).to.include({ name: 'ann' });
  });

  it('reaches every verified address, each once', async () => {
    const enrolled = ['ann@home.example', 'Ann@acme.example', 'ann@phone.example'];
    const { to, facts } = await tell({ email: 'ann@acme.example' }, { enrolled });
    expect(to.map((address) => address?.toLowerCase())).to.have.members([
      'ann@acme.example',
      'ann@home.example',
      'ann@phone.example',
    ]);
    expect(facts).to.have.length(1);
  });

  it('leaves an address out that nobody has verified, where there is another', async () => {
    const enrolled = ['ann@home.example'];
    const profile = { email: 'ann@acme.example' };
    expect((await tell(profile, { ofTenant: untrusting, enrolled })).to).to.deep.equal(enrolled);
    expect((await tell(profile, { directory: undefined, enrolled })).to).to.deep.equal(enrolled);
    const verified = { ...profile, emailVerified: true };
    expect((await tell(verified, { directory: undefined, enrolled })).to).to.have.members([
      'ann@acme.example',
      'ann@home.example',
    ]);
  });

  it('goes to an address that nobody has verified, rather than nowhere', async () => {
    const profile = { email: 'ann@acme.example' };
    expect((await tell(profile, { ofTenant: untrusting })).to).to.deep.equal(['ann@acme.example']);
    expect((await tell(profile, { directory: undefined })).to).to.deep.equal(['ann@acme.example']);
  });

  it('queues nothing for a person without an e-mail address', async () => {
    expect((await tell({ name: 'Ann' })).queued).to.deep.equal([]);
  });
});

function anEnrolment(factor: FactorId, secret: string): Enrolment {
  return { id: secret, factor, name: '', secret, createdAt: new Date(), lastUsedAt: undefined };
}
