import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import { createPostgresEnrolments } from '../../src/second-factors/enrolments-postgres.ts';
import type { Enrolments } from '../../src/second-factors/enrolments.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { aTenant } from '../support/rows.ts';
import { aUser, encryption } from '../support/second-factors.ts';

describeOnEveryDatabase('enrolments', ({ db, other }) => {
  let enrolments: Enrolments;
  let tenantId: string;
  let userId: string;
  let strangerTenantId: string;

  before(async () => {
    enrolments = createPostgresEnrolments(db(), encryption);
    strangerTenantId = await aTenant(db());
  });
  beforeEach(async () => {
    tenantId = await aTenant(db());
    userId = await aUser(db(), tenantId);
  });

  const phone = { factor: 'totp', name: 'Phone', secret: 'SHA1:6:30:ABC' } as const;

  it('keep what was added, oldest first', async () => {
    const before = Date.now();
    const ids = [
      await enrolments.add(tenantId, userId, phone),
      await enrolments.add(tenantId, userId, { ...phone, name: 'Tablet', secret: 'SHA1:6:30:DEF' }),
    ];
    const [first, second, ...more] = await enrolments.list(tenantId, userId);
    expect(first).to.deep.include({ ...phone, id: ids[0], lastUsedAt: undefined });
    expect(second).to.deep.include({ id: ids[1], name: 'Tablet', secret: 'SHA1:6:30:DEF' });
    expect(more).to.deep.equal([]);
    expect(first?.createdAt.getTime()).to.be.within(before - 5_000, Date.now() + 5_000);
  });

  it('encrypt the secret for its own row', async () => {
    const ids = [await enrolments.add(tenantId, userId, phone), await enrolments.add(tenantId, userId, phone)];
    const rows = await db().query<{ secret: string }>('select secret from enrolments where user_id = $1', [userId]);
    for (const { secret } of rows)
      expect(secret)
        .to.match(/^v1\.k1\./)
        .and.not.contain('ABC');

    await db().query('update enrolments a set secret = b.secret from enrolments b where a.id = $1 and b.id = $2', ids);
    expect(await enrolments.list(tenantId, userId).catch((error: unknown) => error)).to.include({
      code: 'internal_error',
    });
  });

  it('remember when they were last used', async () => {
    const id = (await enrolments.add(tenantId, userId, phone)) ?? '';
    await enrolments.markUsed(tenantId, userId, { id, factor: 'totp' });
    const [enrolment] = await enrolments.list(tenantId, userId);
    expect(enrolment?.lastUsedAt).to.be.instanceOf(Date);
  });

  it('remember when what the directory vouches for was last used', async () => {
    const neighbour = await aUser(db(), tenantId, 'bob');
    expect(await enrolments.contactsUsedAt(tenantId, userId)).to.deep.equal({});
    await enrolments.markUsed(tenantId, userId, { id: 'directory-sms', factor: 'sms', vouchedFor: true });
    const used = await enrolments.contactsUsedAt(tenantId, userId);
    expect(used).to.have.all.keys('sms');
    expect(used.sms).to.be.instanceOf(Date);

    await enrolments.markUsed(tenantId, userId, { id: 'directory-email', factor: 'email', vouchedFor: true });
    expect(await enrolments.contactsUsedAt(tenantId, userId)).to.have.all.keys('email', 'sms');
    for (const [tenant, user] of [
      [tenantId, neighbour],
      [strangerTenantId, userId],
    ] as const)
      expect(await enrolments.contactsUsedAt(tenant, user)).to.deep.equal({});
  });

  it('are renamed', async () => {
    const id = (await enrolments.add(tenantId, userId, phone)) ?? '';
    expect(await enrolments.rename(tenantId, userId, id, 'Work phone')).to.equal(true);
    expect((await enrolments.list(tenantId, userId))[0]?.name).to.equal('Work phone');
    expect(await enrolments.rename(tenantId, userId, 'directory-sms', 'Mine')).to.equal(false);
  });

  it('are removed once', async () => {
    const id = (await enrolments.add(tenantId, userId, phone)) ?? '';
    expect(await enrolments.remove(tenantId, userId, id)).to.equal(true);
    expect(await enrolments.remove(tenantId, userId, id)).to.equal(false);
    expect(await enrolments.list(tenantId, userId)).to.deep.equal([]);
  });

  it('mean nothing under another user or another tenant', async () => {
    const id = (await enrolments.add(tenantId, userId, phone)) ?? '';
    const neighbour = await aUser(db(), tenantId, 'bob');
    for (const [tenant, user] of [
      [tenantId, neighbour],
      [strangerTenantId, userId],
      [tenantId, uuidv7()],
    ] as const) {
      expect(await enrolments.list(tenant, user)).to.deep.equal([]);
      await enrolments.markUsed(tenant, user, { id, factor: 'totp' });
      expect(await enrolments.rename(tenant, user, id, 'Mine now')).to.equal(false);
      expect(await enrolments.remove(tenant, user, id)).to.equal(false);
    }
    expect(await enrolments.use(strangerTenantId, userId, { kind: 'step', step: 30 })).to.equal(false);
    expect(await enrolments.use(tenantId, neighbour, { kind: 'step', step: 30 })).to.equal(true);
    const [enrolment] = await enrolments.list(tenantId, userId);
    expect(enrolment).to.deep.include({ id, lastUsedAt: undefined });
    expect(await enrolments.use(tenantId, userId, { kind: 'step', step: 30 }), 'nobody else has used it up').to.equal(
      true,
    );
  });

  it('cannot be added to another tenant’s user', async () => {
    const fault = await enrolments.add(strangerTenantId, userId, phone).catch((error: unknown) => error);
    expect(fault).to.be.instanceOf(Error);
    expect(await enrolments.list(strangerTenantId, userId)).to.deep.equal([]);
  });

  it('accept a step once, and none before it', async () => {
    for (const [step, accepted] of [
      [60, true],
      [60, false],
      [30, false],
      [90, true],
      [89, false],
      [2 ** 40, true],
    ] as const) {
      expect(await enrolments.use(tenantId, userId, { kind: 'step', step }), `${step}`).to.equal(accepted);
    }
  });

  it('accept one of twenty uses of a step at once, by two processes', async () => {
    const processes = [enrolments, createPostgresEnrolments(other(), encryption)];
    const uses = Array.from({ length: 20 }, (_, i) =>
      processes[i % 2]?.use(tenantId, userId, { kind: 'step', step: 60 }),
    );
    expect((await Promise.all(uses)).filter(Boolean)).to.have.lengthOf(1);
  });

  describe('of passkeys', () => {
    const passkey = {
      factor: 'passkey',
      name: 'Key',
      secret: '{}',
      credentialId: 'Y3JlZGVudGlhbA',
      counter: 5,
    } as const;
    const used = (enrolmentId: string, counter: number, user = userId) =>
      enrolments.use(tenantId, user, { kind: 'counter', enrolmentId, counter });

    it('are found by credential within their tenant, where each is one person’s', async () => {
      const id = await enrolments.add(tenantId, userId, passkey);
      const found = await enrolments.findByCredential(tenantId, passkey.credentialId);
      expect(found).to.have.property('userId', userId);
      expect(found?.enrolment).to.deep.include({ id, factor: 'passkey', secret: '{}', counter: 5 });
      expect(await enrolments.findByCredential(tenantId, 'other')).to.equal(undefined);
      expect(await enrolments.findByCredential(strangerTenantId, passkey.credentialId)).to.equal(undefined);

      const bob = await aUser(db(), tenantId, 'bob');
      expect(await enrolments.add(tenantId, bob, passkey)).to.equal(undefined);
      expect(await enrolments.list(tenantId, bob)).to.deep.equal([]);
    });

    it('are used by a counter that only grows', async () => {
      const id = (await enrolments.add(tenantId, userId, passkey)) ?? '';
      expect(await used(id, 7, await aUser(db(), tenantId, 'bob'))).to.equal(false);
      for (const [counter, isAccepted] of [
        [5, false],
        [6, true],
        [6, false],
        [0, false],
        [2 ** 32 - 1, true],
      ] as const) {
        expect(await used(id, counter), `${counter}`).to.equal(isAccepted);
      }
      expect((await enrolments.list(tenantId, userId))[0]?.counter).to.equal(2 ** 32 - 1);
    });

    it('are used again and again where there is no counter', async () => {
      const id = (await enrolments.add(tenantId, userId, { ...passkey, counter: 0 })) ?? '';
      expect([await used(id, 0), await used(id, 0), await used(id, 1), await used(id, 0)]).to.deep.equal([
        true,
        true,
        true,
        false,
      ]);
    });

    it('accept one of twenty uses of a counter at once, by two processes', async () => {
      const id = (await enrolments.add(tenantId, userId, passkey)) ?? '';
      const processes = [enrolments, createPostgresEnrolments(other(), encryption)];
      const use = { kind: 'counter', enrolmentId: id, counter: 6 } as const;
      const uses = Array.from({ length: 20 }, (_, i) => processes[i % 2]?.use(tenantId, userId, use));
      expect((await Promise.all(uses)).filter(Boolean)).to.have.lengthOf(1);
    });
  });

  describe('of recovery codes', () => {
    const codes = { factor: 'recovery-code', name: '', secret: '', codeHashes: ['one', 'two', 'three'] } as const;
    const remaining = async () => (await enrolments.list(tenantId, userId)).map((one) => one.remaining);

    it('are each used once, until none is left', async () => {
      const enrolmentId = (await enrolments.add(tenantId, userId, codes)) ?? '';
      const bob = await aUser(db(), tenantId, 'bob');
      const used = (codeHash: string, user = userId) =>
        enrolments.use(tenantId, user, { kind: 'recovery-code', enrolmentId, codeHash });
      expect(await remaining()).to.deep.equal([3]);
      expect(await used('one', bob)).to.equal(false);
      expect(await used('four')).to.equal(false);
      for (const [i, codeHash] of codes.codeHashes.entries()) {
        expect(await used(codeHash)).to.equal(true);
        expect(await used(codeHash)).to.equal(false);
        expect(await remaining()).to.deep.equal([2 - i]);
      }
    });

    it('accept one of twenty uses of a code at once, by two processes', async () => {
      const enrolmentId = (await enrolments.add(tenantId, userId, codes)) ?? '';
      const processes = [enrolments, createPostgresEnrolments(other(), encryption)];
      const use = { kind: 'recovery-code', enrolmentId, codeHash: 'one' } as const;
      const uses = Array.from({ length: 20 }, (_, i) => processes[i % 2]?.use(tenantId, userId, use));
      expect((await Promise.all(uses)).filter(Boolean)).to.have.lengthOf(1);
      expect(await remaining()).to.deep.equal([2]);
    });

    it('go with their enrolment', async () => {
      const id = (await enrolments.add(tenantId, userId, codes)) ?? '';
      await enrolments.remove(tenantId, userId, id);
      expect(await db().query('select from recovery_codes where enrolment_id = $1', [id])).to.deep.equal([]);
    });
  });
});
