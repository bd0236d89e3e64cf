// Directories of a tenant through the admin API; tried on a real OpenLDAP.

import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import type { Problem } from '../../src/admin/problem.ts';
import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { freePort } from '../support/ports.ts';
import { testSlapd } from '../support/slapd.ts';
import type { TestSlapd } from '../support/slapd.ts';
import { aDirectory, freshSlug } from '../support/tenants.ts';

interface Shown {
  id: string;
  name: string;
  position: number;
  settings: { urls: string[]; realm?: string; users: { filter?: string }; tls: { mode: string } };
  hasBindPassword: boolean;
  managedBy: string;
}
interface Trial {
  ok: boolean;
  steps: { step: string; ok: boolean; milliseconds: number; told: string[]; exchanges: object[] }[];
}

const SECRET = 'a very secret password of a service account';
const pointersOf = ({ errors }: Problem) =>
  errors.map((error) => ('pointer' in error ? error.pointer : error.parameter));

describe('directories through the admin API', () => {
  let admin: TestAdmin;
  let slapd: TestSlapd;
  let params: { tenant: string };
  before(async () => {
    slapd = await testSlapd();
    admin = await startAdmin({ acme: { directories: { corp: aDirectory(SECRET) } } });
  });
  beforeEach(async () => {
    params = { tenant: freshSlug() };
    await admin.call('createTenant', { body: { slug: params.tenant, name: 'Fresh' } });
  });

  const settings = (parts: object = {}) => ({
    urls: ['ldap://ldap.example.com'],
    bindDn: 'cn=service,dc=example',
    baseDn: 'dc=example',
    ...parts,
  });
  const make = (name: string, parts: object = {}) =>
    admin.call<Shown>('createDirectory', {
      params,
      body: { name, settings: settings(), bindPassword: SECRET, ...parts },
    });
  const at = ({ id }: { id: string }) => ({ ...params, directoryId: id });
  const patch = (directory: { id: string }, body: unknown) =>
    admin.call<Shown>('updateDirectory', { params: at(directory), body, ifMatch: '*' });
  const names = async () =>
    (await admin.call<{ items: Shown[] }>('listDirectories', { params })).body.items.map(({ name }) => name);
  const loaded = async (slug = params.tenant) => {
    const tenant = await admin.base.tenants.bySlug(slug);
    if (!tenant) throw new Error(`there is no tenant ${slug}`);
    return tenant;
  };

  it('are made, and asked in their order', async () => {
    const made = await make('corp');
    expect(made.status).to.equal(201);
    expect(made.location).to.equal(`/tenants/${params.tenant}/directories/${made.body.id}`);
    expect(made.body).to.include({ name: 'corp', position: 0, hasBindPassword: true, managedBy: 'api' });
    await make('lab');
    const first = await make('staff', { position: 0 });
    expect(await names()).to.deep.equal(['corp', 'staff', 'lab']);
    await patch(first.body, { position: 5 });
    expect(await names()).to.deep.equal(['corp', 'lab', 'staff']);
    expect((await loaded()).directories.map(({ name }) => name)).to.deep.equal(['corp', 'lab', 'staff']);
    await admin.refused('createDirectory', 'conflict', {
      params,
      body: { name: 'corp', settings: settings(), bindPassword: SECRET },
    });
  });

  it('never show the password of the service account, and use the one that was given last', async () => {
    const { body } = await make('corp');
    const shown = await admin.call('getDirectory', { params: at(body) });
    await patch(body, { bindPassword: `${SECRET} 2` });
    expect((await loaded()).directories[0]?.bindPassword).to.equal(`${SECRET} 2`);
    const events = await admin.base.db.query(
      `select e.type, e.detail, e.changes from audit_events e join tenants t on t.id = e.tenant_id where t.slug = $1
       and e.type like 'directory.%' order by e.at`,
      [params.tenant],
    );
    expect(events.at(-1)).to.deep.include({ type: 'directory.changed', detail: { bindPasswordChanged: true } });
    const rows = await admin.base.db.query('select * from directories where id = $1', [body.id]);
    expect(JSON.stringify([body, shown, events, rows])).not.to.include(SECRET);
  });

  it('are patched member by member, and only by who saw them as they are', async () => {
    const { body, etag } = await make('corp', {
      settings: settings({ realm: 'corp.example', users: { filter: '(a=b)' } }),
    });
    const change = { settings: { realm: null, users: { login: ['uid'] } } };
    const changed = await admin.call<Shown>('updateDirectory', { params: at(body), ifMatch: etag, body: change });
    expect(changed.body.settings).not.to.have.property('realm');
    expect(changed.body.settings.users).to.deep.include({ filter: '(a=b)', login: ['uid'] });
    await admin.refused('updateDirectory', 'precondition-failed', { params: at(body), ifMatch: etag, body: change });
    await admin.refused('updateDirectory', 'precondition-required', { params: at(body), body: change });
  });

  it('send the password that is kept to no other server', async () => {
    const { body } = await make('corp');
    for (const change of [
      { urls: ['ldap://evil.example.com'] },
      { tls: { mode: 'none' } },
      { tls: { ca: '-----BEGIN CERTIFICATE-----' } },
      { bindDn: 'cn=other,dc=example' },
    ]) {
      const refusal = { params: at(body), body: { settings: change }, ifMatch: '*' };
      expect(pointersOf(await admin.refused('updateDirectory', 'invalid-request', refusal))).to.deep.equal([
        '#/bindPassword',
      ]);
    }
    const moved = await patch(body, { settings: { urls: ['ldap://new.example.com'] }, bindPassword: 'another' });
    expect(moved.body.settings.urls).to.deep.equal(['ldap://new.example.com']);
  });

  it("read no file of the server's, and speak LDAP only", async () => {
    const refusedFor = async (parts: object) =>
      pointersOf(
        await admin.refused('createDirectory', 'invalid-request', {
          params,
          body: { name: 'corp', settings: settings(parts), bindPassword: SECRET },
        }),
      );
    const file = '/etc/passwd';
    expect(await refusedFor({ tls: { caFile: file } })).to.deep.equal(['#/settings/tls/caFile']);
    expect(await refusedFor({ tls: { certFile: file, keyFile: file } })).to.deep.equal([
      '#/settings/tls/certFile',
      '#/settings/tls/keyFile',
    ]);
    expect(await refusedFor({ bindPasswordFile: file })).to.deep.equal(['#/settings/bindPasswordFile']);
    for (const url of ['http://127.0.0.1', 'file:///etc/passwd', 'ldapi:///', 'ldap://host/path']) {
      expect(await refusedFor({ urls: [url] }), url).to.deep.equal(['#/settings/urls/0']);
    }
    const { body } = await make('corp');
    const change = { params: at(body), body: { settings: { tls: { caFile: file } }, bindPassword: 'x' }, ifMatch: '*' };
    expect(pointersOf(await admin.refused('updateDirectory', 'invalid-request', change))).to.deep.equal([
      '#/settings/tls/caFile',
    ]);
  });

  it('share no realm', async () => {
    await make('corp', { settings: settings({ realm: 'corp.example' }) });
    const { body } = await make('lab');
    const refusal = { params: at(body), body: { settings: { realm: 'CORP.example' } }, ifMatch: '*' };
    expect(pointersOf(await admin.refused('updateDirectory', 'invalid-request', refusal))).to.deep.equal([
      '#/settings/realm',
    ]);
  });

  it('share no realm, even when two are made at once', async () => {
    const realm = { settings: settings({ realm: 'corp.example' }) };
    const both = await Promise.allSettled([make('corp', realm), make('lab', realm)]);
    expect(both.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
    expect(await names()).to.have.length(1);
  });

  it('are removed, unless somebody has come in from there', async () => {
    const [empty, used] = [(await make('empty')).body, (await make('used')).body];
    await admin.base.db.query(
      `insert into users (id, tenant_id, username, profile, directory_id, stable_id, directory_state, directory_dn,
                          directory_groups, directory_checked_at)
       select gen_random_uuid(), id, 'bob', '{}', $2, 'bob', 'enabled', 'cn=bob', '[]', now() from tenants where slug = $1`,
      [params.tenant, used.id],
    );
    expect((await admin.call('deleteDirectory', { params: at(empty), ifMatch: '*' })).status).to.equal(204);
    await admin.refused('deleteDirectory', 'conflict', { params: at(used), ifMatch: '*' });
    await admin.refused('deleteDirectory', 'not-found', { params: at(empty), ifMatch: '*' });
    expect(await names()).to.deep.equal(['used']);
  });

  it('are left to the configuration file where that owns them, and can be tried', async () => {
    params = { tenant: admin.tenants.acme?.slug ?? '' };
    const corp = (await admin.call<{ items: Shown[] }>('listDirectories', { params })).body.items[0];
    if (!corp) throw new Error('it is not there');
    expect(corp.managedBy).to.equal('file');
    await admin.refused('updateDirectory', 'owned-by-file', { params: at(corp), body: { position: 3 }, ifMatch: '*' });
    await admin.refused('deleteDirectory', 'owned-by-file', { params: at(corp), ifMatch: '*' });
    expect((await admin.call<Trial>('testDirectory', { params: at(corp) })).body.ok).to.equal(false);
  });

  it('are of one tenant: another neither sees nor changes nor tries them', async () => {
    const { body: theirs } = await make('corp');
    params = { tenant: freshSlug() };
    await admin.call('createTenant', { body: { slug: params.tenant, name: 'Other' } });
    const caller = callerOf(await loaded(), ['*:*']);
    const sent = { caller, params: at(theirs), ifMatch: '*' };
    await admin.refused('getDirectory', 'not-found', { ...sent });
    await admin.refused('updateDirectory', 'not-found', { ...sent, body: { position: 1 } });
    await admin.refused('deleteDirectory', 'not-found', sent);
    await admin.refused('testDirectory', 'not-found', sent);
    expect(await names()).to.deep.equal([]);
  });

  describe('tried', () => {
    const real = () => ({
      settings: {
        urls: [slapd.url],
        tls: { mode: 'starttls', ca: readFileSync(slapd.caFile, 'utf8') },
        bindDn: slapd.service.dn,
        baseDn: `o=acme,${slapd.suffix}`,
      },
      bindPassword: slapd.service.password,
    });
    const tryNew = async (parts: object = {}) =>
      (await admin.call<Trial>('testNewDirectory', { params, body: { ...real(), ...parts } })).body;
    const stepsOf = ({ steps }: Trial) => steps.map(({ step, ok }) => `${step}: ${ok ? 'ok' : 'failed'}`);

    it('say what each step returned', async () => {
      const { body } = await make('corp', real());
      const { body: trial } = await admin.call<Trial>('testDirectory', { params: at(body), body: { login: 'ann' } });
      expect(stepsOf(trial)).to.deep.equal([
        'servers: ok',
        'rules for passwords: ok',
        'find ann: ok',
        'groups of ann: ok',
      ]);
      expect(trial.ok).to.equal(true);
      expect(trial.steps[2]?.told.join('\n')).to.include('user name: ann');
      expect(trial.steps[2]?.exchanges).not.to.deep.equal([]);
      expect(JSON.stringify(trial)).not.to.include(slapd.service.password);
      const event = await admin.base.db.one(
        `select type, subject_id, detail from audit_events where subject_id = $1 and type = 'directory.tested'`,
        [body.id],
      );
      expect(event).to.deep.equal({
        type: 'directory.tested',
        subject_id: body.id,
        detail: { ok: true, urls: [slapd.url], login: 'ann' },
      });
    });

    it('before they are saved: with the right password, a wrong one, and somebody who is not there', async () => {
      expect(stepsOf(await tryNew())).to.deep.equal(['servers: ok', 'rules for passwords: ok']);
      const wrong = await tryNew({ bindPassword: 'wrong' });
      expect(stepsOf(wrong)).to.deep.equal(['servers: failed']);
      expect(wrong.steps[0]?.told.join('\n')).to.match(/FAILED .* bind/);
      const nobody = await tryNew({ login: 'nobody-of-this-name' });
      expect(stepsOf(nobody).at(-1)).to.equal('find nobody-of-this-name: failed');
      expect(nobody.ok).to.equal(false);
      expect(await names()).to.deep.equal([]);
    });

    it('where nothing answers, and where something answers nothing', async () => {
      const port = await freePort();
      const gone = await tryNew({ settings: { ...real().settings, urls: [`ldap://127.0.0.1:${port}`] } });
      expect(stepsOf(gone)).to.deep.equal(['servers: failed']);
      const untrusted = await tryNew({ settings: { ...real().settings, tls: { mode: 'starttls' } } });
      expect(untrusted.ok).to.equal(false);
    });

    it('read no file of the server either', async () => {
      const body = { ...real(), settings: { ...real().settings, tls: { caFile: slapd.caFile } } };
      const problem = await admin.refused('testNewDirectory', 'invalid-request', { params, body });
      expect(pointersOf(problem)).to.deep.equal(['#/settings/tls/caFile']);
    });
  });
});

describe('directories where the operator says where they may be', () => {
  const settings = (url: string) => ({ urls: [url], bindDn: 'cn=service,dc=example', baseDn: 'dc=example' });

  it('are made, changed and tried there, and nowhere else', async () => {
    const outbound = { allowDirectories: ['ldap.example.com', '10.0.0.0/8'] };
    const admin = await startAdmin({ acme: { directories: { corp: aDirectory(SECRET) } } }, { outbound });
    const params = { tenant: freshSlug() };
    await admin.call('createTenant', { body: { slug: params.tenant, name: 'Fresh' } });
    const body = (url: string) => ({ name: 'one', settings: settings(url), bindPassword: SECRET });
    const beyond = body('ldap://127.0.0.1:22');

    for (const id of ['createDirectory', 'testNewDirectory']) {
      const { name: _, ...trial } = beyond;
      const problem = await admin.refused(id, 'invalid-request', {
        params,
        body: id === 'createDirectory' ? beyond : trial,
      });
      expect(pointersOf(problem)).to.deep.equal(['#/settings/urls/0']);
    }
    const made = await admin.call<Shown>('createDirectory', { params, body: body('ldap://LDAP.example.com') });
    const of = { params: { ...params, directoryId: made.body.id }, ifMatch: '*' };
    const away = { settings: { urls: ['ldap://11.0.0.1'] }, bindPassword: SECRET };
    expect(pointersOf(await admin.refused('updateDirectory', 'invalid-request', { ...of, body: away }))).to.deep.equal([
      '#/settings/urls/0',
    ]);
    const near = { settings: { urls: ['ldap://10.1.2.3'] }, bindPassword: SECRET };
    expect((await admin.call('updateDirectory', { ...of, body: near })).status).to.equal(200);

    // It was made before the operator said so.
    const { urls } = settings('ldap://127.0.0.1:22');
    await admin.base.db.query(`update directories set settings = jsonb_set(settings, '{urls}', $2) where id = $1`, [
      made.body.id,
      JSON.stringify(urls),
    ]);
    await admin.refused('testDirectory', 'invalid-request', { params: of.params, body: {} });
  });
});
