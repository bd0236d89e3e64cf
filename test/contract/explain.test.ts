import { expect } from 'chai';

import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { explanation } from '../../src/admin/explain/explain-shape.ts';
import type { Explanation } from '../../src/admin/explain/explain-shape.ts';
import { clientMetadata } from '../../src/clients/client-metadata.ts';
import { directorySettings } from '../../src/directory/directory-settings.ts';
import { normalizeLoginName } from '../../src/security/login-name.ts';
import { typedSubject } from '../../src/first-factors/password-attempts.ts';
import { tenantSettings } from '../../src/tenants/tenant-settings.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { testSlapd } from '../support/slapd.ts';
import { testSamba, unicodePwd } from '../support/samba.ts';
import { ldifEntry } from '../support/ldif.ts';
import { bindsAt } from '../support/ldap-bind.ts';
import { freePort } from '../support/ports.ts';

const API = 'https://api.example.com';

/** What the configuration file would say of a directory. */
function declared(settings: object) {
  const { bindPassword, ...rest } = settings as { bindPassword: string };
  return { settings: directorySettings.parse(rest), bindPassword };
}

describe('explaining a sign-in', () => {
  let admin: TestAdmin;
  let north: Organisation;
  let pia: Employee;
  const people: Record<string, Employee> = {};

  before(async () => {
    north = await createOrganisation('explain-north');
    const south = await createOrganisation('explain-south');
    pia = await north.addPerson('pia', { givenName: 'Pia' });
    for (const uid of ['disa', 'lou', 'max', 'kai']) people[uid] = await north.addPerson(uid);
    const slapd = await testSlapd();
    await slapd.lock(people.disa?.dn ?? '');
    for (let failure = 0; failure < 4; failure++) await bindsAt(slapd, people.lou?.dn ?? '', 'wrong');
    await south.addPerson('max');
    const sales = await north.addGroup('sales', [pia]);
    await north.addGroup('staff', [sales]);

    const samba = await testSamba();
    const tree = `OU=explained,${samba.suffix}`;
    await samba.modify(ldifEntry(tree, { objectClass: 'organizationalUnit', ou: 'explained' }));
    const person = (uid: string, control: string) =>
      samba.modify(
        ldifEntry(`CN=${uid},${tree}`, {
          objectClass: 'user',
          sAMAccountName: uid,
          userAccountControl: control,
          unicodePwd: unicodePwd('A-password-of-1'),
          ...(uid === 'xexpired' && { accountExpires: '116444736010000000' }),
        }),
      );
    await person('xwell', '512');
    await person('xdisabled', '514');
    await person('xexpired', '512');
    await person('xold', '512');
    await samba.expirePassword(`CN=xold,${tree}`);
    const connection = {
      preset: 'activedirectory',
      urls: [samba.ldapsUrl],
      tls: { mode: 'ldaps', caFile: samba.caFile },
    };
    const domain = { ...connection, bindDn: samba.service.dn, bindPassword: samba.service.password, baseDn: tree };

    const down = { ...north.directory, urls: [`ldap://127.0.0.1:${String(await freePort())}`], connectTimeoutMs: 300 };
    const app = (parts: object = {}) => ({
      metadata: clientMetadata.parse({
        redirect_uris: ['https://app.example.com/callback'],
        firstParty: true,
        ...parts,
      }),
      secret: 'a secret of an app, for nothing but tests',
    });
    const settings = (policy: object, more: object = {}) =>
      tenantSettings.parse({ policy, resources: { [API]: { scopes: ['orders'] } }, ...more });
    const directories = { north: declared(north.directory), south: declared(south.directory) };
    const roles = {
      seller: { permissions: ['order:write'], inherits: ['reader'], groups: ['staff'] },
      reader: { permissions: ['order:read'], inherits: [], groups: [] },
    };
    const clients = {
      orders: app(),
      vault: app({ allow: { groups: ['bosses'] } }),
      bank: app({ minimumAcr: 'mfa' }),
      narrow: app({ scope: 'openid' }),
    };
    admin = await startAdmin({
      acme: {
        settings: settings({ secondFactors: { required: 'never', allowed: ['totp'] } }),
        directories,
        roles,
        clients,
      },
      strict: {
        settings: settings({ secondFactors: { required: 'always', allowed: ['totp'] } }),
        directories,
        clients,
      },
      crowded: {
        settings: settings({ secondFactors: { required: 'never' } }, { tokens: { groupLimit: 1 } }),
        directories,
        clients,
      },
      half: {
        settings: settings({ secondFactors: { required: 'never' } }),
        directories: { north: declared(north.directory), down: declared(down) },
        clients,
      },
      fixed: {
        settings: settings({ secondFactors: { required: 'never' } }),
        directories: { ad: declared({ ...domain, passwords: { change: 'no' } }) },
        clients,
      },
      domain: {
        settings: settings({ secondFactors: { required: 'never' } }),
        directories: { ad: declared(domain) },
        clients,
      },
      linked: { settings: settings({ secondFactors: { required: 'always', allowed: ['totp'] } }), clients },
      local: { settings: settings({ secondFactors: { required: 'never' } }), clients },
    });
  });

  async function explain(tenant: string, login: string, more: object = {}): Promise<Explanation> {
    const params = { tenant: admin.tenants[tenant]?.slug ?? '' };
    const { body } = await admin.call('explain', { params, body: { login, ...more } });
    return explanation.parse(body);
  }
  const verdictOn = async (tenant: string, login: string, more: object = {}) =>
    (await explain(tenant, login, { client_id: 'orders', ...more })).verdict.code;

  it('tells of somebody who can, from the filter to the claims, and makes no user', async () => {
    const scope = 'openid profile email groups roles orders';
    const told = await explain('acme', 'PIA', { client_id: 'orders', scope, resource: API });
    expect(told.verdict).to.deep.include({ code: 'could-sign-in', couldSignIn: true });
    expect(told.login).to.deep.equal({ compared: 'pia', means: 'directory' });
    expect(told.lookups.map(({ directory, found, entry }) => [directory, found, entry])).to.deep.equal([
      ['north', 'one', pia.dn],
      ['south', 'nobody', null],
    ]);
    expect(told.lookups[0]?.filter).to.contain('(uid=pia)');
    expect(told.entry).to.deep.include({ directory: 'north', dn: pia.dn, state: 'enabled', userName: 'pia' });
    expect(told.account).to.deep.equal({ id: null, kind: 'directory', status: 'active', lastLoginAt: null });
    expect(told.notes.join()).to.contain('never signed in');
    const sales = `cn=sales,ou=groups,o=explain-north,dc=demo,dc=test`;
    expect(told.groups.map(({ name, from, via }) => [name, from, via])).to.deep.equal([
      ['sales', 'directory', []],
      ['staff', 'directory', [sales]],
    ]);
    const staff = told.groups.find(({ name }) => name === 'staff');
    expect(told.roles).to.deep.equal([
      { name: 'reader', ways: [{ by: 'inherited', role: 'seller' }] },
      { name: 'seller', ways: [{ by: 'group', group: { id: staff?.id, name: 'staff' } }] },
    ]);
    expect(told.policy).to.deep.include({
      isAllowed: true,
      requiredAcr: 'sfa',
      reachedAcr: 'sfa',
      secondFactorAskedBy: [],
    });
    expect(told.tokens?.idToken).to.deep.include({
      given_name: 'Pia',
      email: 'pia@explain-north.test',
      email_verified: true,
      groups: ['sales', 'staff'],
      roles: ['reader', 'seller'],
      acr: 'sfa',
    });
    expect(told.tokens?.accessToken).to.deep.include({ aud: API, scope: 'orders', groups: ['sales', 'staff'] });
    expect(told.tokens?.accessToken).not.to.have.any.keys('email', 'given_name');
    const acme = admin.tenants.acme?.id;
    expect(await admin.base.db.query('select 1 from users where tenant_id = $1', [acme])).to.deep.equal([]);
    const [event] = await admin.base.db.query<{ detail: object }>(
      `select detail from audit_events where tenant_id = $1 and type = 'user.explained'`,
      [acme],
    );
    expect(event?.detail).to.deep.include({ verdict: 'could-sign-in', client: 'orders', directory: 'north' });
  });

  it('tells who is nobody, and keeps no name that may be a password', async () => {
    expect(await verdictOn('acme', 'nobody of this name')).to.equal('unknown-login');
    expect(await verdictOn('acme', 'a\u0007b')).to.equal('malformed-login');
    const kept = await admin.base.db.query(
      `select 1 from audit_events where tenant_id = $1 and detail::text like '%nobody of this name%'`,
      [admin.tenants.acme?.id],
    );
    expect(kept).to.deep.equal([]);
  });

  it('tells of a name that two directories have', async () => {
    const told = await explain('acme', 'max', { client_id: 'orders' });
    expect(told.verdict.code).to.equal('ambiguous-login');
    expect(told.lookups.map(({ found }) => found)).to.deep.equal(['one', 'one']);
    expect(told.tokens).to.equal(null);
  });

  it('tells of an account that the directory has disabled, or that has expired (Active Directory)', async () => {
    expect(await verdictOn('domain', 'xwell')).to.equal('could-sign-in');
    expect(await verdictOn('domain', 'xdisabled')).to.equal('directory-disabled');
    expect(await verdictOn('domain', 'xexpired')).to.equal('directory-expired');
  });

  it('tells of an account that the directory has locked, and of a password that has expired', async () => {
    expect(await verdictOn('acme', 'disa')).to.equal('directory-disabled');
    const lou = await explain('acme', 'lou', { client_id: 'orders' });
    expect(lou.verdict.code).to.equal('directory-nearly-locked');
    expect(lou.entry?.failuresLeft).to.equal(1);
    const old = await explain('domain', 'xold', { client_id: 'orders' });
    expect(new Date(old.entry?.passwordExpiresAt ?? '').getTime()).to.be.below(Date.now());
    // It can be changed at the sign-in, over an encrypted connection.
    expect(old.verdict.code).to.equal('could-sign-in');
    expect(await verdictOn('fixed', 'xold')).to.equal('password-expired');
  });

  it('tells of a client that is not for them, is not there, or may not ask for this', async () => {
    expect(await verdictOn('acme', 'pia', { client_id: 'vault' })).to.equal('not-allowed');
    expect(await verdictOn('acme', 'pia', { client_id: 'nothing' })).to.equal('unknown-client');
    expect(await verdictOn('acme', 'pia', { client_id: 'narrow', scope: 'openid email' })).to.equal(
      'scope-not-allowed',
    );
    expect(await verdictOn('acme', 'pia', { resource: 'https://other.example.com' })).to.equal('unknown-resource');
  });

  it('tells of a second factor that is missing, who asks for it, and what would do', async () => {
    const told = await explain('strict', 'pia', { client_id: 'orders' });
    expect(told.verdict).to.deep.include({ code: 'must-enrol', couldSignIn: true });
    expect(told.policy).to.deep.include({
      secondFactorAskedBy: ['tenant'],
      requiredAcr: 'mfa',
      reachedAcr: 'mfa',
      factors: [],
    });
    expect(told.policy?.couldEnrol).to.deep.equal(['totp']);
    const bank = await explain('acme', 'pia', { client_id: 'bank', acr_values: 'mfa' });
    expect(bank.policy?.secondFactorAskedBy).to.deep.equal(['client', 'request']);
    expect(await verdictOn('acme', 'pia', { acr_values: 'phr' })).to.equal('level-unattainable');
  });

  it('tells where too many groups are to be fetched', async () => {
    const told = await explain('crowded', 'pia', { client_id: 'orders', scope: 'openid groups' });
    expect(told.tokens?.idToken).to.have.any.keys('_claim_sources').and.not.to.have.any.keys('groups');
  });

  it('goes on where a directory is down', async () => {
    const found = await explain('half', 'pia', { client_id: 'orders' });
    expect(found.verdict.code).to.equal('could-sign-in');
    expect(found.lookups.map(({ found: what }) => what)).to.deep.equal(['one', 'no answer']);
    expect(found.notes.join()).to.contain('does not answer');
    expect(await verdictOn('half', 'somebody')).to.equal('directory-unavailable');
  });

  it('tells of the attempts that failed, until the block ends', async () => {
    const tenant = admin.tenants.acme?.id ?? '';
    const name = normalizeLoginName('kai');
    const subjects = [typedSubject(name.ok ? name.value : '')];
    for (let attempt = 0; attempt < 5; attempt++) {
      await admin.base.limiter.reserve({ tenantId: tenant, kind: 'password', subjects, address: '192.0.2.7' });
    }
    const told = await explain('acme', 'kai', { client_id: 'orders' });
    expect(told.verdict.code).to.equal('too-many-attempts');
    expect(told.counters).to.have.lengthOf(1);
    expect(told.counters[0]).to.deep.include({ kind: 'password', on: 'the name that was typed', failures: 5 });
  });

  it('tells of accounts that live here', async () => {
    const tenantId = admin.tenants.local?.id ?? '';
    const made = await admin.base.users.createLocal({
      tenantId,
      localName: 'ada',
      passwordHash: undefined,
      profile: {},
    });
    const id = made.ok ? made.value.id : '';
    expect(await verdictOn('local', 'ada')).to.equal('no-password');
    await admin.base.users.storePasswordHash(tenantId, id, await admin.base.passwordHash.hash('x'));
    const told = await explain('local', 'Ada@local', { client_id: 'orders' });
    expect(told.verdict.code).to.equal('could-sign-in');
    expect(told.account).to.deep.include({ id, kind: 'local' });
    expect(told.tokens?.idToken.sub).to.equal(id);
    await admin.base.db.query(`update users set status = 'disabled' where id = $1`, [id]);
    expect(await verdictOn('local', 'ada')).to.equal('account-not-active');
  });

  it('tells of somebody who has to be sent a link first', async () => {
    const tenantId = admin.tenants.linked?.id ?? '';
    const passwordHash = await admin.base.passwordHash.hash('x');
    const made = await admin.base.users.createLocal({ tenantId, localName: 'eva', passwordHash, profile: {} });
    expect(await verdictOn('linked', 'eva')).to.equal('must-enrol');
    await admin.base.db.query('update users set enrols_by_link = true where id = $1', [made.ok ? made.value.id : '']);
    const told = await explain('linked', 'eva', { client_id: 'orders' });
    expect(told.verdict).to.deep.include({ code: 'needs-link', couldSignIn: false });
    expect(told.policy?.reachedAcr).to.equal(null);
  });

  it('needs explain:read, and answers for no other tenant', async () => {
    const acme = admin.tenants.acme;
    const globex = admin.tenants.strict;
    if (!acme || !globex) throw new Error('a tenant is missing');
    const sent = { params: { tenant: acme.slug }, body: { login: 'pia' } };
    await admin.refused('explain', 'permission-denied', { ...sent, caller: callerOf(acme, ['users:read']) });
    await admin.refused('explain', 'not-found', { ...sent, caller: callerOf(globex, ['explain:read']) });
    await admin.refused('explain', 'invalid-request', {
      params: { tenant: acme.slug },
      body: { login: 'pia', password: 'x' },
    });
  });
});
