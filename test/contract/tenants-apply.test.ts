import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import { createPostgresClients } from '../../src/clients/clients-postgres.ts';
import type { TenantDeclaration } from '../../src/tenants/tenant-declaration.ts';
import { createPostgresTenants } from '../../src/tenants/tenants-postgres.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { aTenant } from '../support/rows.ts';
import {
  aClient,
  aDirectory,
  apply,
  aRole,
  aTenantDeclaration,
  encryption,
  freshSlug,
  settings,
} from '../support/tenants.ts';

/** Something of every kind. */
function full(parts: Partial<TenantDeclaration> = {}): TenantDeclaration {
  return aTenantDeclaration({
    directories: { corp: aDirectory('swordfish') },
    roles: {
      billing: aRole({ permissions: ['invoice:approve'], groups: ['finance', 'board'], inherits: ['reader'] }),
      reader: aRole(),
    },
    clients: { app: aClient('app-secret', { roles: ['reader'] }), other: aClient('other-secret') },
    ...parts,
  });
}

describeOnEveryDatabase('applying a configuration', ({ db, other }) => {
  /** What was said of this tenant, without those that other tests left behind. */
  const applied = async (slug: string, declaration: TenantDeclaration, database = db()) =>
    (await apply(database, { [slug]: declaration }))
      .filter((change) => change.tenant === slug)
      .map(({ what, kind, name }) => `${what} ${kind} ${name}`);
  const versionOf = async (slug: string) =>
    (await createPostgresTenants(db(), encryption).bySlug(slug))?.version ?? NaN;
  const events = (slug: string) =>
    db().query<{ detail: { changes: string[] } }>(
      `select e.detail from audit_events e join tenants t on t.id = e.tenant_id
       where t.slug = $1 and e.type = 'configuration.applied' order by e.id`,
      [slug],
    );
  const holders = async (slug: string, role: string) => {
    const rows = await db().query<{ holder: string }>(
      `select h.kind || ' ' || h.holder as holder from role_holders h join roles r on r.id = h.role_id
       join tenants t on t.id = h.tenant_id where t.slug = $1 and r.name = $2 order by 1`,
      [slug, role],
    );
    return rows.map((row) => row.holder);
  };

  it('makes everything that it declares, with keys, and says so', async () => {
    const slug = freshSlug();
    const everything = [
      `created tenant ${slug}`,
      'created directory corp',
      'created role billing',
      'created role reader',
      'created client app',
      'created client other',
    ];
    expect(await applied(slug, full())).to.deep.equal(everything);
    expect((await events(slug)).map((event) => event.detail.changes)).to.deep.equal([everything]);
    expect(await holders(slug, 'billing')).to.deep.equal(['group board', 'group finance']);
    expect(await holders(slug, 'reader')).to.deep.equal(['client app']);
    const keys = await db().query(
      'select 1 from signing_keys k join tenants t on t.id = k.tenant_id where t.slug = $1',
      [slug],
    );
    expect(keys).to.have.length(4);
  });

  it('writes nothing when nothing differs', async () => {
    const slug = freshSlug();
    await applied(slug, full());
    const version = await versionOf(slug);
    const { clients } = full();
    const spelledOtherwise = full({
      settings: settings({ homeUrl: undefined, resources: {} }),
      clients: { other: aClient('other-secret', { client_name: undefined }), ...clients },
      roles: {
        reader: aRole(),
        billing: aRole({
          groups: ['board', 'finance', 'board'],
          inherits: ['reader'],
          permissions: ['invoice:approve'],
        }),
      },
    });
    expect(await applied(slug, spelledOtherwise, other())).to.deep.equal([]);
    expect(await versionOf(slug)).to.equal(version);
    expect(await events(slug)).to.have.length(1);
  });

  const changes: Record<string, [Partial<TenantDeclaration>, string]> = {
    'the name of the tenant': [{ name: 'Acme Ltd' }, 'updated tenant'],
    'its settings': [{ settings: settings({ homeUrl: 'https://acme.example' }) }, 'updated tenant'],
    'the password of a directory': [{ directories: { corp: aDirectory('changed') } }, 'updated directory corp'],
    'the settings of a directory': [
      { directories: { corp: aDirectory('swordfish', { realm: 'x' }) } },
      'updated directory corp',
    ],
    'the secret of a client': [{ clients: { ...full().clients, other: aClient('changed') } }, 'updated client other'],
    'the metadata of a client': [
      { clients: { ...full().clients, other: aClient('other-secret', { client_name: 'Other' }) } },
      'updated client other',
    ],
    'the groups of a role': [
      { roles: { ...full().roles, billing: aRole({ ...full().roles['billing'], groups: ['finance'] }) } },
      'updated role billing',
    ],
  };
  for (const [title, [parts, change]] of Object.entries(changes)) {
    it(`changes ${title} and nothing else, and tells other processes`, async () => {
      const slug = freshSlug();
      await applied(slug, full());
      const version = await versionOf(slug);
      const expected = change === 'updated tenant' ? `updated tenant ${slug}` : change;
      expect(await applied(slug, full(parts), other())).to.deep.equal([expected]);
      expect(await versionOf(slug)).to.be.above(version);
      expect(await applied(slug, full(parts))).to.deep.equal([]);
    });
  }

  it('takes a role away from whom the file no longer gives it, and not from whom the admin API gave it', async () => {
    const slug = freshSlug();
    await applied(slug, full());
    await db().query(
      `insert into role_holders (tenant_id, role_id, kind, holder, owner)
       select r.tenant_id, r.id, 'group', 'auditors', 'api' from roles r join tenants t on t.id = r.tenant_id
       where t.slug = $1 and r.name = 'billing'`,
      [slug],
    );
    expect(await applied(slug, full())).to.deep.equal([]);
    const roles = { billing: aRole({ groups: ['board'] }), reader: aRole() };
    const clients = { app: aClient('app-secret'), other: aClient('other-secret', { roles: ['reader'] }) };
    await applied(slug, full({ roles, clients }));
    expect(await holders(slug, 'billing')).to.deep.equal(['group auditors', 'group board']);
    expect(await holders(slug, 'reader')).to.deep.equal(['client other']);
  });

  it('reports at every start what the file names no longer, and keeps it', async () => {
    const [slug, successor] = [freshSlug(), freshSlug()];
    await applied(slug, full());
    const version = await versionOf(slug);
    const without = full({
      directories: {},
      roles: { reader: aRole() },
      clients: { other: aClient('other-secret') },
    });
    for (const database of [db(), other()]) {
      const removed = (await applied(slug, without, database)).filter((change) => change.startsWith('not-in-file'));
      expect(removed).to.deep.equal([
        'not-in-file directory corp',
        'not-in-file role billing',
        'not-in-file client app',
      ]);
    }
    const tenant = await createPostgresTenants(db(), encryption).bySlug(slug);
    expect(tenant?.directories.map(({ name }) => name)).to.deep.equal(['corp']);
    expect(await createPostgresClients(db(), encryption).find(tenant?.id ?? '', 'app')).to.include({
      secret: 'app-secret',
    });

    const report = await apply(db(), { [successor]: aTenantDeclaration() });
    expect(report).to.deep.include({ what: 'not-in-file', kind: 'tenant', tenant: slug, name: slug });
    expect(await versionOf(slug))
      .to.equal(tenant?.version)
      .and.be.above(version);
  });

  it('takes over what the admin API made, and reports it once', async () => {
    const slug = freshSlug();
    await applied(slug, full());
    const before = await createPostgresTenants(db(), encryption).bySlug(slug);
    await db().query(`update tenants set owner = 'api' where slug = $1`, [slug]);
    for (const table of ['directories', 'roles', 'clients']) {
      await db().query(`update ${table} set owner = 'api' where tenant_id = (select id from tenants where slug = $1)`, [
        slug,
      ]);
    }
    expect(await applied(slug, full())).to.deep.equal([
      `taken-over tenant ${slug}`,
      'taken-over directory corp',
      'taken-over role billing',
      'taken-over role reader',
      'taken-over client app',
      'taken-over client other',
    ]);
    expect(await applied(slug, full())).to.deep.equal([]);
    const after = await createPostgresTenants(db(), encryption).bySlug(slug);
    expect(after).to.deep.equal({ ...before, version: after?.version });
  });

  it('is done once by replicas that start together', async () => {
    const slug = freshSlug();
    const reports = await Promise.all(
      [db(), other(), db(), other()].map((database) => applied(slug, full(), database)),
    );
    expect(reports.map((report) => report.length).sort()).to.deep.equal([0, 0, 0, 6]);
    expect(await events(slug)).to.have.length(1);
  });

  it('gives the built-in roles to a tenant that a process of the version before made, once', async () => {
    const tenantId = await aTenant(db());
    const stored = () =>
      db().query<{ name: string; owner: string }>('select name, owner from roles where tenant_id = $1 order by name', [
        tenantId,
      ]);
    const version = () => db().one('select changed_version as version from tenants where id = $1', [tenantId]);
    // As its `admin create` does.
    await db().query(
      `insert into roles (id, tenant_id, name, permissions, inherits, owner) values ($1, $2, 'owner', '{}', '{}', 'api')`,
      [uuidv7(), tenantId],
    );
    const before = await version();
    await apply(db(), {});
    const after = await version();
    const names = ['admin', 'auditor', 'helpdesk', 'owner'];
    expect(await stored()).to.deep.equal(names.map((name) => ({ name, owner: 'system' })));
    expect(after).not.to.deep.equal(before);
    await apply(db(), {});
    expect(await version()).to.deep.equal(after);
  });

  it('leaves a tenant as it was when a part of it fails', async () => {
    const slug = freshSlug();
    await applied(slug, full());
    const version = await versionOf(slug);
    const broken = full({ name: 'Acme Ltd', clients: { 'a\0b': aClient() } });
    expect(await applied(slug, broken).catch(() => 'failed')).to.equal('failed');
    expect(await createPostgresTenants(db(), encryption).bySlug(slug)).to.include({ name: 'Acme', version });
    expect(await events(slug)).to.have.length(1);
  });

  it("makes the root tenant once, which stays the admin API's until the file names it", async () => {
    await db().query(`delete from tenants where slug = 'root'`);
    const reports = await Promise.all([apply(db(), {}), apply(other(), {})]);
    const created = { what: 'created', kind: 'tenant', tenant: 'root', name: 'root' };
    expect(reports.flat().filter((change) => change.tenant === 'root')).to.deep.equal([created]);
    const root = await createPostgresTenants(db(), encryption).bySlug('root');
    expect(root).to.deep.include({ name: 'Sallyport', settings: settings(), directories: [] });

    await db().query(`update tenants set name = 'Renamed' where slug = 'root'`);
    expect(await apply(db(), {})).to.not.deep.include(created);
    expect(await createPostgresTenants(db(), encryption).bySlug('root')).to.include({ name: 'Renamed' });
    expect(await applied('root', aTenantDeclaration({ name: 'Ours' }))).to.deep.equal(['taken-over tenant root']);
    await db().query(`delete from tenants where slug = 'root'`);
  });
});
