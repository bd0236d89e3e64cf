// What a session is asked for, and what its tokens tell, by what was proven in it and when: the library with our Checks.

import { expect } from 'chai';

import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { createPostgresRoles, declaredRoles } from '../../src/roles/roles-postgres.ts';
import { createPostgresSessions } from '../../src/sessions/sessions-postgres.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { CALLBACK, SECRET, claimsOf, createApp, refusalIn } from '../support/relying-party.ts';
import type { App, Wishes } from '../support/relying-party.ts';
import { serveProvider } from '../support/served-provider.ts';
import type { ServedProvider } from '../support/served-provider.ts';
import { aRole } from '../support/tenants.ts';

const HOUR = 3600;
const METHODS: Record<string, string[]> = { password: ['pwd'], totp: ['otp'], passkey: ['hwk', 'user'] };
const now = () => Math.floor(Date.now() / 1000);

describeOnEveryDatabase('a session', ({ db }) => {
  let provider: ServedProvider;
  let browser: UserAgent;
  const apps: Record<string, App> = {};

  before(async () => {
    const client = (metadata: object = {}) => ({
      secret: SECRET,
      metadata: { redirect_uris: [CALLBACK], firstParty: true, ...metadata },
    });
    const clients = {
      orders: client(),
      bank: client({ minimumAcr: 'mfa', secondFactorFreshness: HOUR }),
      vault: client({ minimumAcr: 'phr' }),
      till: client({ secondFactorFreshness: HOUR }),
      desk: client({ allow: { roles: ['clerk'] } }),
    };
    const policy = { secondFactors: { grace: { days: 7 } }, trustedDevices: {} };
    provider = await serveProvider({ db: db(), store: createMemoryStore(), clients, tenantSettings: { policy } });
    for (const clientId of Object.keys(clients)) apps[clientId] = await createApp(provider.issuer, { clientId });
  });
  beforeEach(() => {
    browser = createUserAgent();
  });

  const app = (name: string): App => {
    const known = apps[name];
    if (!known) throw new Error(`no app is called ${name}`);
    return known;
  };

  /** By these factors, each so many seconds ago. */
  async function signIn(proven: Record<string, number>, acr: string, name = 'orders'): Promise<void> {
    const proofs = Object.entries(proven).map(([factor, age]) => ({
      factor,
      amr: METHODS[factor] ?? [],
      at: now() - age,
    }));
    const ts = Math.min(...proofs.map(({ at }) => at));
    provider.next = { accountId: provider.next.accountId, acr, amr: proofs.flatMap(({ amr }) => amr), ts, proofs };
    const request = await app(name).begin();
    await app(name).finish(request, await browser.get(request.url));
  }

  /** The `acr` that the app gets without a page, or why it gets none. */
  async function silently(name: string, wishes: Wishes = {}): Promise<unknown> {
    const request = await app(name).begin({ prompt: 'none', ...wishes });
    const page = await browser.get(request.url);
    if (page.location?.searchParams.has('error')) return refusalIn(page);
    return claimsOf(await app(name).finish(request, page)).acr;
  }

  const UNMET = 'unmet_authentication_requirements';

  it('is enough as long as its second factor is fresh, for each client by its own measure', async () => {
    await signIn({ password: 2 * HOUR, totp: 2 * HOUR }, 'mfa');
    expect(await silently('orders')).to.equal('mfa');
    expect(await silently('bank')).to.equal(UNMET);
    expect(await silently('till')).to.equal(UNMET);
    expect(await silently('vault')).to.equal(UNMET);
  });

  it('tells no client of a level whose proof is too old for it', async () => {
    await signIn({ password: 2 * HOUR, passkey: 2 * HOUR, totp: 0 }, 'phr');
    expect(await silently('vault')).to.equal('phr');
    expect(await silently('bank')).to.equal('mfa');
    expect(await silently('orders')).to.equal('phr');
  });

  it('is not weaker for the others after one client has had a weaker factor proven afresh', async () => {
    await signIn({ password: 2 * HOUR, passkey: 2 * HOUR }, 'phr');
    await signIn({ password: 2 * HOUR, passkey: 2 * HOUR, totp: 0 }, 'mfa', 'bank');
    expect(await silently('vault')).to.equal('phr');
  });

  it('keeps a factor that is proven afresh, though acr and auth_time stay', async () => {
    const age = 2 * HOUR;
    await signIn({ password: age, totp: age }, 'mfa');
    const uid = await sessionUid();
    const before = await createPostgresSessions(db()).findByUid(provider.tenant.id, uid);
    const ts = before?.authTime ?? 0;
    provider.next = {
      ...provider.next,
      ts,
      proofs: [
        { factor: 'password', amr: ['pwd'], at: ts },
        { factor: 'totp', amr: ['otp'], at: now() },
      ],
    };
    const request = await app('bank').begin();
    const claims = claimsOf(await app('bank').finish(request, await browser.get(request.url)));
    expect(claims).to.include({ acr: 'mfa', auth_time: ts });
    expect(await silently('bank')).to.equal('mfa');
    expect(await sessionUid()).to.equal(uid);
  });

  it('does not ask again because time went on since its login ended', async () => {
    // The proof became too old a minute ago, by this clock; it was fresh when the login ended.
    await signIn({ password: HOUR + 60, totp: HOUR + 60 }, 'mfa', 'bank');
    expect(await silently('bank')).to.equal(UNMET);
  });

  it('does ask again where the way from its login to the app took longer', async () => {
    const late = signIn({ password: HOUR + 120, totp: HOUR + 120 }, 'mfa', 'bank');
    const error: unknown = await late.catch((refused: unknown) => refused);
    expect(String(error)).to.contain('Redirected in circles');
  });

  it('is enough by a trusted device where the tenant alone asks, and tells the level that was proven', async () => {
    await signIn({ password: 0, 'trusted-device': 0 }, 'sfa');
    expect(await silently('orders')).to.equal('sfa');
    expect(await silently('orders', { acr_values: 'mfa' })).to.equal(UNMET);
    expect(await silently('orders', { max_age: '600' })).to.equal(UNMET);
    for (const name of ['bank', 'vault', 'till']) expect(await silently(name), name).to.equal(UNMET);
  });

  it('is enough by the time to enrol, where the tenant alone asks', async () => {
    await signIn({ password: 0, 'grace-period': 0 }, 'sfa');
    expect(await silently('orders', { max_age: '600' })).to.equal('sfa');
    expect(await silently('till')).to.equal('sfa');
    expect(await silently('bank')).to.equal(UNMET);
  });

  it('is not for a client of others, who is told so, until its person holds the role', async () => {
    await signIn({ password: 0, totp: 0 }, 'mfa');
    expect(await silently('desk')).to.equal('access_denied');
    expect(await silently('desk', { acr_values: 'phr' })).to.equal('access_denied');
    const page = await browser.get((await app('desk').begin()).url, { stopAt: `${provider.issuer}/interaction` });
    expect(page.location?.pathname).to.match(/^\/interaction\//);

    const { tenant, next } = provider;
    await declaredRoles(db()).write(tenant.id, 'clerk', { ...aRole(), clients: [] });
    await createPostgresRoles(db()).setRolesOf(tenant.id, { kind: 'user', id: next.accountId }, ['clerk']);
    expect(await silently('desk')).to.equal('mfa');
  });

  it('is asked nothing of before somebody has signed in', async () => {
    expect(await silently('desk')).to.equal('login_required');
    expect(await silently('bank')).to.equal('login_required');
  });

  async function sessionUid(): Promise<string> {
    const id = browser.cookies.find(provider.provider.cookieName('session'))?.value ?? '';
    return (await createPostgresSessions(db()).find(provider.tenant.id, id))?.uid ?? '';
  }
});
