import { expect } from 'chai';

import { browserName } from '../../src/delivery/browser-name.ts';
import type { Delivery } from '../../src/delivery/delivery.ts';
import { createNotifications } from '../../src/delivery/notifications.ts';
import type { SecondFactorAddedFacts } from '../../src/delivery/notifications.ts';
import { tenantSettings } from '../../src/tenants/tenant-settings.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import type { User, UserProfile } from '../../src/users/users.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

describe('the word about a second factor', () => {
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

  async function tell(profile: UserProfile, request?: { address: string; userAgent: string | undefined }) {
    const queued: Delivery[] = [];
    const facts: SecondFactorAddedFacts[] = [];
    const user: User = {
      id: 'user-1',
      tenantId: tenant.id,
      username: 'ann',
      status: 'active',
      profile,
      directory: undefined,
      local: { name: 'ann' },
      lastLoginAt: undefined,
    };
    const notifications = createNotifications({
      enqueue: async (delivery) => void queued.push(delivery),
      findTenant: async (id) => (id === tenant.id ? tenant : undefined),
      findUser: async (tenantId, id) => (tenantId === tenant.id && id === user.id ? user : undefined),
      writeSecondFactorAdded: (_tenant, locale, told) => {
        facts.push(told);
        return { subject: `in ${locale ?? 'no language'}`, text: 'text', html: 'html' };
      },
      currentRequest: () => request,
      now: () => new Date('2026-03-01T12:00:00Z'),
    });
    await notifications.secondFactorAdded({ tenantId: tenant.id, userId: user.id, factor: 'totp' });
    return { queued, facts };
  }

  it('goes to the person with when, where and by what it was added', async () => {
    const profile = { email: 'ann@acme.example', name: 'Ann Example', givenName: 'Ann', locale: 'de' };
    const { queued, facts } = await tell(profile, { address: '192.0.2.7', userAgent: FIREFOX });
    expect(facts).to.deep.equal([
      {
        name: 'Ann',
        username: 'ann',
        factor: 'totp',
        time: new Date('2026-03-01T12:00:00Z'),
        address: '192.0.2.7',
        browser: 'Firefox, Linux',
        passwordHelpUrl: 'https://acme.example/password',
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

  it('addresses people by what is known of them', async () => {
    const named = await tell({ email: 'ann@acme.example', name: 'Ann Example' });
    expect(named.facts[0]).to.include({ name: 'Ann Example', address: '-', browser: undefined });
    const unnamed = await tell({ email: 'ann@acme.example' });
    expect(unnamed.facts[0]).to.include({ name: 'ann' });
  });

  it('queues nothing for a person without an e-mail address', async () => {
    expect((await tell({ name: 'Ann' })).queued).to.deep.equal([]);
  });
});

describe('the name of a browser', () => {
  const windows =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
  for (const [userAgent, name] of [
    [FIREFOX, 'Firefox, Linux'],
    [windows, 'Chrome, Windows'],
    [`${windows} Edg/140.0.0.0`, 'Edge, Windows'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
      'Safari, iPhone',
    ],
    [
      'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
      'Chrome, Android',
    ],
    ['curl/8.5.0', undefined],
    ['Call +1 900 555 0100 now', undefined],
    [undefined, undefined],
  ] as const) {
    it(`of ${userAgent?.slice(0, 60) ?? 'nothing'} is ${name ?? 'unknown'}`, () => {
      expect(browserName(userAgent)).to.equal(name);
    });
  }
});
