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
    const id = await enrolments.add(tenantId, userId, phone);
    await enrolments.markUsed(tenantId, userId, id);
    const [enrolment] = await enrolments.list(tenantId, userId);
    expect(enrolment?.lastUsedAt).to.be.instanceOf(Date);
  });

  it('are removed once', async () => {
    const id = await enrolments.add(tenantId, userId, phone);
    expect(await enrolments.remove(tenantId, userId, id)).to.equal(true);
    expect(await enrolments.remove(tenantId, userId, id)).to.equal(false);
    expect(await enrolments.list(tenantId, userId)).to.deep.equal([]);
  });

  it('mean nothing under another user or another tenant', async () => {
    const id = await enrolments.add(tenantId, userId, phone);
    const neighbour = await aUser(db(), tenantId, 'bob');
    for (const [tenant, user] of [
      [tenantId, neighbour],
      [strangerTenantId, userId],
      [tenantId, uuidv7()],
    ] as const) {
      expect(await enrolments.list(tenant, user)).to.deep.equal([]);
      await enrolments.markUsed(tenant, user, id);
      expect(await enrolments.remove(tenant, user, id)).to.equal(false);
    }
    expect(await enrolments.acceptStep(strangerTenantId, userId, 30)).to.equal(false);
    expect(await enrolments.acceptStep(tenantId, neighbour, 30)).to.equal(true);
    const [enrolment] = await enrolments.list(tenantId, userId);
    expect(enrolment).to.deep.include({ id, lastUsedAt: undefined });
    expect(await enrolments.acceptStep(tenantId, userId, 30), 'nobody else has used it up').to.equal(true);
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
      expect(await enrolments.acceptStep(tenantId, userId, step), `${step}`).to.equal(accepted);
    }
  });

  it('accept one of twenty uses of a step at once, by two processes', async () => {
    const processes = [enrolments, createPostgresEnrolments(other(), encryption)];
    const uses = Array.from({ length: 20 }, (_, i) => processes[i % 2]?.acceptStep(tenantId, userId, 60));
    expect((await Promise.all(uses)).filter(Boolean)).to.have.lengthOf(1);
  });
});
