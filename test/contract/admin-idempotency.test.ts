import { expect } from 'chai';

import { createPostgresIdempotency } from '../../src/admin/http/idempotency-postgres.ts';
import type { IdempotentRequest } from '../../src/admin/http/idempotency.ts';
import { Problem } from '../../src/admin/problem.ts';
import type { Answer } from '../../src/admin/route.ts';
import { sweepExpired } from '../../src/db/expiry.ts';
import { freshId, twenty } from '../support/at-once.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { aTenantId, encryption, freshSlug } from '../support/tenants.ts';

describeOnEveryDatabase('idempotency keys', ({ db, other }) => {
  let tenantId: string;
  let request: IdempotentRequest;
  /** How often the work was done. */
  let done: number;

  beforeEach(async () => {
    tenantId = await aTenantId(db());
    const tenant = { id: tenantId, slug: freshSlug() };
    request = { caller: { kind: 'api-key', id: 'a key', tenant }, key: freshId(), requestHash: 'one' };
    done = 0;
  });

  const idempotency = (number = 0) => createPostgresIdempotency(number % 2 === 0 ? db() : other(), encryption);
  const make = (): Promise<Answer> => {
    done++;
    return Promise.resolve({
      status: 201,
      body: { id: String(done), secret: 'shown once' },
      etag: '"e"',
      location: '/x',
    });
  };
  const rows = () =>
    db().query<{ answer: string | null }>('select answer from idempotency_keys where tenant_id = $1', [tenantId]);

  it('have the same request answered the same, and done once', async () => {
    const first = await idempotency().once(request, make);
    expect(first).to.deep.include({ status: 201, etag: '"e"', location: '/x', replayed: false });
    expect(await idempotency(1).once(request, make)).to.deep.equal({ ...first, replayed: true });
    expect(done).to.equal(1);
  });

  it('let one of twenty at once do it, and the others have its answer', async () => {
    const answers = await twenty((number) => idempotency(number).once(request, make));
    expect(done).to.equal(1);
    expect(answers.filter(({ replayed }) => !replayed)).to.have.length(1);
    for (const { body } of answers) expect(body).to.deep.equal({ id: '1', secret: 'shown once' });
  });

  it('refuse another request with the same key', async () => {
    await idempotency().once(request, make);
    const thrown = await idempotency()
      .once({ ...request, requestHash: 'other' }, make)
      .catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(Problem).with.property('code', 'idempotency-key-reused');
    expect(done).to.equal(1);
  });

  it('belong to one caller of one tenant', async () => {
    const { caller } = request;
    await idempotency().once(request, make);
    await idempotency().once({ ...request, caller: { ...caller, id: 'another key' } }, make);
    await idempotency().once({ ...request, caller: { ...caller, kind: 'user' } }, make);
    const tenant = { id: await aTenantId(db()), slug: freshSlug() };
    await idempotency().once({ ...request, caller: { ...caller, tenant } }, make);
    expect(done).to.equal(4);
  });

  it('keep nothing of what failed, nor anything that it did', async () => {
    const failing = async (): Promise<Answer> => {
      await db().query('update tenants set name = $2 where id = $1', [tenantId, 'changed']);
      throw new Problem('conflict', 'There is one.');
    };
    const thrown = await idempotency()
      .once(request, failing)
      .catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(Problem).with.property('code', 'conflict');
    expect(await rows()).to.deep.equal([]);
    const tenant = await db().one('select name from tenants where id = $1', [tenantId]);
    expect(tenant).to.deep.equal({ name: 'Acme' });
    expect((await idempotency().once(request, make)).replayed).to.equal(false);
  });

  it('keep answers encrypted, each for its own row', async () => {
    await idempotency().once(request, make);
    const [row] = await rows();
    expect(row?.answer).to.match(/^v1\./);
    const later = { ...request, key: freshId() };
    await idempotency().once(later, make);
    await db().query('update idempotency_keys set answer = $2 where tenant_id = $1', [tenantId, row?.answer]);
    const moved = await idempotency()
      .once(later, make)
      .catch((error: unknown) => error);
    expect(moved).to.have.property('code', 'internal_error');
  });

  it('count for a day, and are swept after it', async () => {
    const age = (hours: number) =>
      db().query(
        'update idempotency_keys set created_at = created_at - make_interval(hours => $2) where tenant_id = $1',
        [tenantId, hours],
      );
    await idempotency().once(request, make);
    await age(23);
    expect((await idempotency().once(request, make)).replayed).to.equal(true);
    await sweepExpired(db(), new Date());
    expect(await rows()).to.have.length(1);
    await age(2);
    expect((await idempotency().once({ ...request, requestHash: 'other' }, make)).replayed).to.equal(false);
    await age(25);
    await sweepExpired(db(), new Date());
    expect(await rows()).to.deep.equal([]);
  });
});
