import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import { AppError } from '../../src/errors.ts';
import { declaredTenants, createPostgresTenants } from '../../src/tenants/tenants-postgres.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import {
  aDirectory,
  apply,
  aTenantDeclaration,
  aTenantId,
  encryption,
  freshSlug,
  settings,
} from '../support/tenants.ts';

describeOnEveryDatabase('tenants', ({ db, other }) => {
  const tenants = () => createPostgresTenants(db(), encryption);

  it('are found by slug, id and host, whatever the case of the host', async () => {
    const slug = freshSlug();
    const host = `ID.${slug}.example`;
    await apply(db(), { [slug]: aTenantDeclaration({ settings: settings({ host }) }) });

    const tenant = await tenants().bySlug(slug);
    expect(tenant).to.include({ slug, name: 'Acme', status: 'active' });
    expect(tenant?.settings).to.deep.equal(settings({ host }));
    expect(await tenants().byId(tenant?.id ?? '')).to.deep.equal(tenant);
    expect(await tenants().byHost(host.toLowerCase())).to.deep.equal(tenant);
    expect((await tenants().list()).filter((one) => one.slug === slug)).to.deep.equal([tenant]);
  });

  it('are not found by what names none, however odd', async () => {
    for (const slug of ['nobody', '', 'a\0b', 'A', '../etc', "'; drop table tenants; --", 'x'.repeat(10_000)]) {
      expect(await tenants().bySlug(slug), slug).to.equal(undefined);
    }
    for (const id of [uuidv7(), '', 'acme', '0', '\0']) expect(await tenants().byId(id), id).to.equal(undefined);
    expect(await tenants().byHost('nobody.example')).to.equal(undefined);
  });

  it('each have a secret that stays, and is the same to every process', async () => {
    const [slug, neighbour] = [freshSlug(), freshSlug()];
    await apply(db(), { [slug]: aTenantDeclaration(), [neighbour]: aTenantDeclaration() });
    const secret = (await tenants().bySlug(slug))?.secret;
    expect(Buffer.from(secret ?? '', 'base64url')).to.have.length(32);
    expect((await tenants().bySlug(neighbour))?.secret).to.not.equal(secret);

    await apply(other(), { [slug]: aTenantDeclaration({ name: 'Acme Corporation' }) });
    expect(await createPostgresTenants(other(), encryption).bySlug(slug)).to.include({
      name: 'Acme Corporation',
      secret,
    });
  });

  it('have their directories in order, with their passwords', async () => {
    const slug = freshSlug();
    const directories = { second: aDirectory('pässword'), first: aDirectory(undefined, { realm: 'first.example' }) };
    await apply(db(), { [slug]: aTenantDeclaration({ directories }) });

    const tenant = await tenants().bySlug(slug);
    expect(tenant?.directories.map(({ name, position, bindPassword }) => [name, position, bindPassword])).to.deep.equal(
      [
        ['second', 0, 'pässword'],
        ['first', 1, undefined],
      ],
    );
    expect(tenant?.directories.map((directory) => directory.settings)).to.deep.equal([
      directories.second.settings,
      directories.first.settings,
    ]);
  });

  it('keep no secret in plain text, nor let one be moved to another row', async () => {
    const [slug, neighbour] = [freshSlug(), freshSlug()];
    const directories = { corp: aDirectory('swordfish') };
    await apply(db(), {
      [slug]: aTenantDeclaration({ directories }),
      [neighbour]: aTenantDeclaration({ directories }),
    });
    const secret = (await tenants().bySlug(slug))?.secret ?? '';
    const stored = JSON.stringify([
      await db().query('select * from tenants'),
      await db().query('select * from directories'),
      await db().query('select * from audit_events'),
    ]);
    expect(stored).to.include(slug).and.not.include('swordfish').and.not.include(secret);

    const swap = (table: string, column: string, key: string) =>
      `update ${table} set ${column} = (select theirs.${column} from ${table} theirs join tenants t on t.id = theirs.${key}
       where t.slug = $2) where ${key} = (select id from tenants where slug = $1)`;
    for (const statement of [swap('directories', 'bind_password', 'tenant_id'), swap('tenants', 'secret', 'id')]) {
      await db().query(statement, [slug, neighbour]);
      const failure = await tenants()
        .bySlug(slug)
        .catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(AppError).with.property('code', 'internal_error');
    }
    // The other suites list every tenant of the database.
    await db().query('delete from tenants where slug = $1', [slug]);
  });

  it('read what an older version stored with the defaults of this one, and nothing that only a newer one knows', async () => {
    const id = await aTenantId(db());
    const stored = { homeUrl: 'https://acme.example', novelty: 1, policy: { totp: { digits: 8, novelty: [] } } };
    await db().query('update tenants set settings = $2 where id = $1', [id, JSON.stringify(stored)]);
    const expected = settings({ homeUrl: 'https://acme.example', policy: { totp: { digits: 8 } } });
    expect((await tenants().byId(id))?.settings).to.deep.equal(expected);

    await db().query(`update tenants set settings = '{"homeUrl":7}' where id = $1`, [id]);
    expect(
      await tenants()
        .byId(id)
        .catch(() => 'refused'),
    ).to.equal('refused');
    await db().query('delete from tenants where id = $1', [id]);
  });

  it('are read without the members of lists that only a newer version knows', async () => {
    const id = await aTenantId(db());
    const secondFactors = { allowed: ['retina', 'totp', 'palm', 'email', 'voice'], setUp: ['palm', 'totp'] };
    await db().query('update tenants set settings = $2 where id = $1', [
      id,
      JSON.stringify({ novelty: [], policy: { secondFactors: { ...secondFactors, novelty: 1 } } }),
    ]);
    const known = { allowed: ['totp', 'email'], setUp: ['totp'] };
    expect((await tenants().byId(id))?.settings).to.deep.equal(settings({ policy: { secondFactors: known } }));
    await db().query('delete from tenants where id = $1', [id]);
  });

  it('are stored without what is as the defaults are, which the version before may not be able to read', async () => {
    const storedOf = (slug: string) => db().one('select settings from tenants where slug = $1', [slug]);
    const slug = freshSlug();
    await apply(db(), { [slug]: aTenantDeclaration() });
    expect(await storedOf(slug)).to.deep.equal({ settings: {} });

    const written = {
      host: `${slug}.example`,
      policy: {
        secondFactors: { required: { groups: ['staff'] } },
        trustedDevices: {},
        sms: { country: 'CH' },
      },
      resources: { 'https://api.example': { scopes: ['read'] } },
    };
    await apply(db(), { [slug]: aTenantDeclaration({ settings: settings(written) }) });
    expect(await storedOf(slug)).to.deep.equal({ settings: written });
    expect((await tenants().bySlug(slug))?.settings).to.deep.equal(settings(written));
    expect(await apply(db(), { [slug]: aTenantDeclaration({ settings: settings(written) }) })).to.not.deep.include({
      what: 'updated',
      kind: 'tenant',
      tenant: slug,
      name: slug,
    });
  });

  it('are named with their status and their version, which grows', async () => {
    const id = await aTenantId(db());
    const before = await tenants().byId(id);
    await db().query(`update tenants set status = 'suspended' where id = $1`, [id]);
    await declaredTenants(other(), encryption).markChanged(id);
    const after = await tenants().byId(id);
    expect(after?.status).to.equal('suspended');
    expect(after?.version).to.be.above(before?.version ?? NaN);
  });

  it('never share a host', async () => {
    const host = `${freshSlug()}.example`;
    await apply(db(), { [freshSlug()]: aTenantDeclaration({ settings: settings({ host }) }) });
    const second = { [freshSlug()]: aTenantDeclaration({ settings: settings({ host: host.toUpperCase() }) }) };
    expect(await apply(db(), second).catch((error: unknown) => String(error))).to.include('tenants_host');
  });
});
