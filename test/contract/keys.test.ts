import { expect } from 'chai';
import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify, SignJWT, importJWK } from 'jose';

import { createPostgresAudit } from '../../src/audit/audit-postgres.ts';
import { AppError } from '../../src/errors.ts';
import { createPostgresKeys } from '../../src/keys/keys-postgres.ts';
import { createKeys, longestTokenLife } from '../../src/keys/keys.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { aTenantId, encryption, settings } from '../support/tenants.ts';

describeOnEveryDatabase('signing keys', ({ db, other }) => {
  const keysOn = (database = db()) =>
    createKeys(database, createPostgresKeys(database, encryption), createPostgresAudit(database));
  const rows = (tenantId: string) =>
    db().query<{ kid: string; alg: string; state: string; private_jwk: string }>(
      'select * from signing_keys where tenant_id = $1',
      [tenantId],
    );
  const kidsOf = async (tenantId: string, state: string) =>
    (await rows(tenantId)).filter((key) => key.state === state).map((key) => key.kid);
  const versionOf = async (tenantId: string) =>
    (await db().one<{ changed_version: number }>('select changed_version from tenants where id = $1', [tenantId]))
      ?.changed_version ?? NaN;
  const now = { publishedFor: 0 };

  it('are an active and a next one for each algorithm, however many ask at once', async () => {
    const tenantId = await aTenantId(db());
    const callers = [db(), other(), db(), other()].map(keysOn);
    await Promise.all(callers.map((keys) => keys.ensureKeys(tenantId)));
    expect((await rows(tenantId)).map((key) => `${key.state} ${key.alg}`).sort()).to.deep.equal([
      'active ES256',
      'active RS256',
      'next ES256',
      'next RS256',
    ]);
    const version = await versionOf(tenantId);
    await keysOn().ensureKeys(tenantId);
    expect(await rows(tenantId)).to.have.length(4);
    expect(await versionOf(tenantId)).to.equal(version);
  });

  it('are private JWKs, the active ones first, with the thumbprint as kid', async () => {
    const tenantId = await aTenantId(db());
    await keysOn().ensureKeys(tenantId);
    const keys = await keysOn(other()).signingKeys(tenantId);
    const active = await kidsOf(tenantId, 'active');
    expect(keys.map((key) => active.includes(key.kid ?? ''))).to.deep.equal([true, true, false, false]);
    expect(new Set(keys.map((key) => key.kid)).size).to.equal(4);
    for (const key of keys) {
      expect(key).to.include({ use: 'sig' }).and.have.property('d');
      expect(key.kid).to.equal(await calculateJwkThumbprint(key));
      expect(key.alg === 'RS256' ? Buffer.from(key.n ?? '', 'base64url').length * 8 : key.crv).to.equal(
        key.alg === 'RS256' ? 2048 : 'P-256',
      );
      const token = await new SignJWT({}).setProtectedHeader({ alg: key.alg ?? '' }).sign(await importJWK(key));
      const { d, p, q, dp, dq, qi, ...publicKey } = key;
      expect(await jwtVerify(token, createLocalJWKSet({ keys: [publicKey] }))).to.have.property('payload');
      expect([d, p, q, dp, dq, qi]).to.not.be.empty;
    }
  });

  it('are kept encrypted, for their own row and no other', async () => {
    const [tenantId, neighbour] = [await aTenantId(db()), await aTenantId(db())];
    await keysOn().ensureKeys(tenantId);
    for (const { private_jwk } of await rows(tenantId)) expect(private_jwk).to.match(/^v1\.k1\./);
    await db().query('update signing_keys set tenant_id = $2 where tenant_id = $1', [tenantId, neighbour]);
    const failure = await keysOn()
      .signingKeys(neighbour)
      .catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(AppError).with.property('code', 'internal_error');
  });

  it('rotate: the next becomes active, the active retires and stays published, and others are told', async () => {
    const tenantId = await aTenantId(db());
    await keysOn().ensureKeys(tenantId);
    const [active, next, version] = [
      await kidsOf(tenantId, 'active'),
      await kidsOf(tenantId, 'next'),
      await versionOf(tenantId),
    ];

    const actor = { kind: 'user', id: 'an administrator' } as const;
    expect(await keysOn().rotate(tenantId, { publishedFor: 0, actor })).to.include({ ok: true });
    expect(await kidsOf(tenantId, 'active')).to.have.members(next);
    expect(await kidsOf(tenantId, 'retired')).to.have.members(active);
    expect(await kidsOf(tenantId, 'next'))
      .to.have.length(2)
      .and.not.have.members(next);
    expect(await versionOf(tenantId)).to.be.above(version);

    const published = (await keysOn().signingKeys(tenantId)).map((key) => key.kid);
    expect(published.slice(0, 2)).to.have.members(next);
    expect(published.slice(4)).to.have.members(active);
    const [event] = await db().query('select * from audit_events where tenant_id = $1', [tenantId]);
    expect(event).to.include({
      type: 'key.rotated',
      actor_kind: 'user',
      actor_id: 'an administrator',
      subject_id: tenantId,
    });
    expect(event?.['detail']).to.have.all.keys('active', 'retired');
  });

  it('put the last retired first', async () => {
    const tenantId = await aTenantId(db());
    await keysOn().ensureKeys(tenantId);
    const first = await kidsOf(tenantId, 'active');
    await keysOn().rotate(tenantId, now);
    const second = await kidsOf(tenantId, 'active');
    await keysOn().rotate(tenantId, now);
    const published = (await keysOn().signingKeys(tenantId)).map((key) => key.kid);
    expect(published.slice(4, 6)).to.have.members(second);
    expect(published.slice(6)).to.have.members(first);
  });

  it('do not rotate before the next one was published for long enough', async () => {
    const tenantId = await aTenantId(db());
    expect(await keysOn().rotate(tenantId, now)).to.include({ reason: 'next-key-too-new' });
    await keysOn().ensureKeys(tenantId);
    const active = await kidsOf(tenantId, 'active');
    expect(await keysOn().rotate(tenantId, { publishedFor: 60 })).to.include({ reason: 'next-key-too-new' });
    expect(await kidsOf(tenantId, 'active')).to.have.members(active);
    await db().query(`update signing_keys set created_at = now() - interval '61 s' where tenant_id = $1`, [tenantId]);

    const calls = [db(), other(), db(), other()].map((database) =>
      keysOn(database).rotate(tenantId, { publishedFor: 60 }),
    );
    expect((await Promise.all(calls)).filter((outcome) => outcome.ok)).to.have.length(1);
    expect(await rows(tenantId)).to.have.length(6);
  });

  it('are forgotten once they have retired for long enough', async () => {
    const [tenantId, neighbour] = [await aTenantId(db()), await aTenantId(db())];
    for (const id of [tenantId, neighbour]) {
      await keysOn().ensureKeys(id);
      await keysOn().rotate(id, now);
    }
    const version = await versionOf(tenantId);
    await keysOn().dropRetired(tenantId, new Date(Date.now() - 60_000));
    expect(await rows(tenantId)).to.have.length(6);
    expect(await versionOf(tenantId)).to.equal(version);

    await keysOn().dropRetired(tenantId, new Date(Date.now() + 60_000));
    expect((await rows(tenantId)).map((key) => key.state)).to.have.members(['active', 'active', 'next', 'next']);
    expect(await versionOf(tenantId)).to.be.above(version);
    expect(await rows(neighbour)).to.have.length(6);
  });
});

describe('a retired signing key', () => {
  it('is needed for as long as the longest-lived of the tokens that it signed', () => {
    const resources = { 'https://api.example': { accessToken: '2h' }, 'https://other.example': {} };
    expect(longestTokenLife(settings({ tokens: { accessToken: '10m', idToken: '1h' } }))).to.equal(3600);
    expect(longestTokenLife(settings({ tokens: { accessToken: '10m', idToken: '1h' }, resources }))).to.equal(7200);
    expect(longestTokenLife(settings({ tokens: { accessToken: '1d' } }))).to.equal(86_400);
  });
});
