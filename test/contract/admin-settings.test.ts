// The settings and the branding of a tenant through the admin API.

import { expect } from 'chai';

import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { aClient, freshSlug } from '../support/tenants.ts';
import type { TenantSettings } from '../../src/tenants/tenant-settings.ts';
import type { Problem } from '../../src/admin/problem.ts';

/** One pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const LOGO = `data:image/png;base64,${PNG}`;

const pointersOf = ({ errors }: Problem) =>
  errors.map((error) => ('pointer' in error ? error.pointer : error.parameter));

describe('settings through the admin API', () => {
  let admin: TestAdmin;
  let params: { tenant: string };
  before(async () => {
    admin = await startAdmin({ acme: { clients: { app: aClient('a secret of more than 32 characters') } } });
  });
  beforeEach(async () => {
    params = { tenant: freshSlug() };
    await admin.call('createTenant', { body: { slug: params.tenant, name: 'Fresh' } });
  });

  const read = () => admin.call<TenantSettings>('getSettings', { params });
  const put = (body: unknown, ifMatch = '*') =>
    admin.call<TenantSettings>('replaceSettings', { params, body, ifMatch });
  const patch = (body: unknown) => admin.call<TenantSettings>('updateSettings', { params, body, ifMatch: '*' });
  const patchRefused = async (body: unknown) =>
    pointersOf(await admin.refused('updateSettings', 'invalid-request', { params, body, ifMatch: '*' }));
  async function lastChange(): Promise<unknown> {
    const row = await admin.base.db.one<{ changes: unknown }>(
      `select e.changes from audit_events e join tenants t on t.id = e.tenant_id
       where t.slug = $1 and e.type = 'settings.changed' order by e.at desc limit 1`,
      [params.tenant],
    );
    return row?.changes;
  }

  it('are shown whole, and taken back as they were shown', async () => {
    const shown = await read();
    expect(shown.body.tokens.accessToken).to.equal(600);
    expect(shown.body.policy.secondFactors.required).to.equal('always');
    const again = await put(shown.body, shown.etag);
    expect(again.body).to.deep.equal(shown.body);
    expect(again.etag).to.equal(shown.etag);
  });

  it('take times with a unit and answer seconds; what a PUT leaves out gets its default', async () => {
    await put({ tokens: { idToken: '5m' }, homeUrl: 'https://acme.example' });
    expect((await read()).body.tokens.idToken).to.equal(300);
    const { body } = await put({ language: 'de' });
    expect(body).to.include({ language: 'de' });
    expect(body).not.to.have.property('homeUrl');
    expect(body.tokens.idToken).to.equal(3600);
    expect(await admin.base.tenants.bySlug(params.tenant)).to.deep.include({ settings: body });
  });

  it('are patched member by member: null brings a default back, and a list is replaced', async () => {
    await patch({ language: 'de', policy: { sessionIdle: '10m', secondFactors: { allowed: ['totp', 'passkey'] } } });
    await patch({ policy: { secondFactors: { allowed: ['passkey'] } } });
    const { body } = await patch({ language: null, policy: { sessionAbsolute: '1h' } });
    expect(body).not.to.have.property('language');
    expect(body.policy).to.include({ sessionIdle: 600, sessionAbsolute: 3600 });
    expect(body.policy.secondFactors.allowed).to.deep.equal(['passkey']);
    expect((await patch({ policy: null })).body.policy.sessionIdle).to.equal(1800);
  });

  it('refuse what is not known, whatever its name', async () => {
    expect(await patchRefused({ policy: { sessionIdel: 1 } })).to.deep.equal(['#/policy/sessionIdel']);
    expect(await patchRefused(JSON.parse('{"policy":{"__proto__":{"sessionIdle":1}}}'))).to.deep.equal([
      '#/policy/__proto__',
    ]);
    const problem = await admin.refused('replaceSettings', 'invalid-request', {
      params,
      ifMatch: '*',
      body: { owner: 1 },
    });
    expect(pointersOf(problem)).to.deep.equal(['#/owner']);
    expect(await patchRefused({ policy: 'none' })).to.deep.equal(['#/policy']);
  });

  it('tell in the audit trail what became weaker', async () => {
    await patch({ policy: { secondFactors: { required: 'never' }, levels: { 'recovery-code': '2sv' } } });
    expect(await lastChange()).to.deep.equal([
      { at: '/policy/secondFactors/required', from: 'always', to: 'never' },
      { at: '/policy/levels/recovery-code', from: 'mfa', to: '2sv' },
    ]);
  });

  it('are written once by two who saw the same', async () => {
    const { etag = '' } = await read();
    const both = await Promise.allSettled([put({ language: 'de' }, etag), put({ language: 'fr' }, etag)]);
    expect(both.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    const [lost] = both.flatMap((one) => (one.status === 'rejected' ? [one.reason as Problem] : []));
    expect(lost?.code).to.equal('precondition-failed');
  });

  describe('that would do harm', () => {
    it('name no role that is not there', async () => {
      const required = (roles: string[]) => ({ policy: { secondFactors: { required: { roles } } } });
      expect(await patchRefused(required(['owner', 'nobody']))).to.deep.equal([
        '#/policy/secondFactors/required/roles/1',
      ]);
      await patch(required(['owner']));
    });

    it('take no host of another, and none that is none', async () => {
      const host = `login.${freshSlug()}.example`;
      const another = freshSlug();
      await admin.call('createTenant', { body: { slug: another, name: 'Another', settings: { host } } });
      for (const taken of [host, 'localhost:3000', 'https://login.example.com', 'Login.Example.com']) {
        expect(await patchRefused({ host: taken }), taken).to.deep.equal(['#/host']);
      }
      await patch({ host: `other.${host}` });
      const problem = await admin.refused('createTenant', 'invalid-request', {
        body: { slug: freshSlug(), name: 'Third', settings: { host } },
      });
      expect(pointersOf(problem)).to.deep.equal(['#/settings/host']);
    });

    it('give one host to one of two who want it at once', async () => {
      const host = `login.${freshSlug()}.example`;
      const another = freshSlug();
      await admin.call('createTenant', { body: { slug: another, name: 'Another' } });
      const both = await Promise.allSettled(
        [params.tenant, another].map((tenant) =>
          admin.call('updateSettings', { params: { tenant }, body: { host }, ifMatch: '*' }),
        ),
      );
      const refusals = both.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Problem).code] : []));
      expect(refusals).to.deep.equal(['invalid-request']);
    });

    it("leave the host to root's administrators", async () => {
      const tenant = await admin.base.tenants.bySlug(params.tenant);
      if (!tenant) throw new Error('it is not there');
      const caller = callerOf(tenant, ['settings:*']);
      const host = `login.${freshSlug()}.example`;
      await admin.refused('updateSettings', 'permission-denied', { caller, params, body: { host }, ifMatch: '*' });
      await admin.call('updateSettings', { caller, params, body: { language: 'de' }, ifMatch: '*' });
      expect((await read()).body).not.to.have.property('host');
    });

    it('leave no application that nobody could sign in to, and none without its API', async () => {
      const [api, other] = ['https://api.example', 'https://other.example'];
      await patch({ resources: { [api]: {}, [other]: {} } });
      await admin.base.db.query(
        `insert into clients (tenant_id, client_id, metadata, owner)
         select id, 'app', $2, 'api' from tenants where slug = $1`,
        [
          params.tenant,
          JSON.stringify({ ...aClient(undefined, { minimumAcr: 'phr', defaultResource: api }).metadata }),
        ],
      );
      expect(await patchRefused({ policy: { secondFactors: { allowed: ['totp'] } } })).to.deep.equal([
        '#/clients/app/minimumAcr',
      ]);
      expect(await patchRefused({ resources: { [api]: null } })).to.deep.equal(['#/clients/app/defaultResource']);
      await patch({ resources: { [other]: null } });
    });

    it('do not shut administrators out', async () => {
      const policy = { secondFactors: { allowed: ['email'] }, administration: { freshSecondFactor: true } };
      expect(await patchRefused({ policy })).to.deep.equal(['#/policy/administration/freshSecondFactor']);
    });
  });

  it('are left to the configuration file where that owns them', async () => {
    params = { tenant: admin.tenants.acme?.slug ?? '' };
    const before = await read();
    await admin.refused('replaceSettings', 'owned-by-file', { params, body: before.body, ifMatch: '*' });
    await admin.refused('updateSettings', 'owned-by-file', { params, body: { language: 'de' }, ifMatch: '*' });
    await admin.refused('replaceBranding', 'owned-by-file', { params, body: {}, ifMatch: '*' });
    expect((await read()).body).to.deep.equal(before.body);
  });

  describe('of which the branding', () => {
    interface Branding {
      colour: string;
      logo?: string;
      shown: { light: { fill: string; accent: string }; dark: { fill: string } };
      adjusted: string[];
    }
    const brand = (body: unknown) => admin.call<Branding>('replaceBranding', { params, body, ifMatch: '*' });

    it('is set by itself, and leaves the rest', async () => {
      await patch({ language: 'de' });
      const { body } = await brand({ colour: '#5B2D8E', logo: LOGO });
      expect(body).to.include({ colour: '#5B2D8E', logo: LOGO });
      const settings = (await read()).body;
      expect(settings.language).to.equal('de');
      expect(settings.branding).to.deep.equal({ colour: '#5B2D8E', logo: LOGO });
      expect((await brand({})).body).to.include({ logo: null });
    });

    it('tells what had to be made darker or lighter', async () => {
      const pale = (await brand({ colour: '#ffe066' })).body;
      expect(pale.shown.light.fill).to.equal('#ffe066');
      expect(pale.adjusted).to.deep.equal([
        `the edge of buttons on light ground is darkened to ${(pale.shown.light as { edge?: string }).edge ?? ''}`,
        `links on light ground are darkened to ${pale.shown.light.accent}`,
      ]);
      const dark = (await brand({ colour: '#101010' })).body;
      expect(dark.adjusted[0]).to.equal(`buttons on dark ground are lightened to ${dark.shown.dark.fill}`);
    });

    it('takes no picture that is none, and none under another name', async () => {
      const refusedFor = async (logo: string) =>
        pointersOf(await admin.refused('replaceBranding', 'invalid-request', { params, body: { logo }, ifMatch: '*' }));
      const html = Buffer.from('<html><script>alert(1)</script></html>').toString('base64');
      for (const logo of [
        `data:image/svg+xml;base64,${html}`,
        `data:image/jpeg;base64,${PNG}`,
        `data:text/html;base64,${html}`,
        'https://elsewhere.example/logo.png',
        `data:image/png;base64,${'A'.repeat(100_000)}`,
      ]) {
        expect(await refusedFor(logo), logo.slice(0, 40)).to.deep.equal(['#/logo']);
      }
      expect(await patchRefused({ branding: { logo: `data:image/jpeg;base64,${PNG}` } })).to.deep.equal([
        '#/branding/logo',
      ]);
    });
  });
});
