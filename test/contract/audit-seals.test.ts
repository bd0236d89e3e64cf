import { setTimeout as delay } from 'node:timers/promises';

import { expect } from 'chai';

import { createPostgresAudit } from '../../src/audit/audit-postgres.ts';
import { createPostgresSeals } from '../../src/audit/seals-postgres.ts';
import { sealAll } from '../../src/audit/sealing.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import type { Database } from '../../src/db/database.ts';
import { createPostgresTenants } from '../../src/tenants/tenants-postgres.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { aTenantId, encryption } from '../support/tenants.ts';

describeOnEveryDatabase('the seals of the audit log', ({ db, other }) => {
  const told: string[] = [];
  const log = { info: (fields: object) => told.push(JSON.stringify(fields)) };
  const seal = (on: Database = db(), olderThan = -1) =>
    sealAll(
      { seals: createPostgresSeals(on), tenants: createPostgresTenants(on, encryption), log },
      undefined,
      olderThan,
    );
  const verify = (tenant: Tenant, kept?: { number: number; hash: string }) =>
    verifyAudit(createPostgresSeals(db()), tenant, kept);

  async function aTenant(): Promise<Tenant> {
    const tenant = await createPostgresTenants(db(), encryption).byId(await aTenantId(db()));
    if (!tenant) throw new Error('no tenant');
    return tenant;
  }
  async function write(tenant: Tenant, events: number): Promise<void> {
    const audit = createPostgresAudit(db());
    for (let index = 0; index < events; index++) {
      // PGlite’s clock counts milliseconds.
      await delay(2);
      const subject = { kind: 'user', id: `u-${String(index)}` } as const;
      await audit.record({ type: 'user.changed', tenantId: tenant.id, subject, detail: { b: index, a: ['x', 'ü'] } });
    }
  }
  /** Three seals, over three, two and four events. */
  async function sealed(): Promise<Tenant> {
    const tenant = await aTenant();
    for (const events of [3, 2, 4]) {
      await write(tenant, events);
      await seal();
    }
    return tenant;
  }

  it('are good as long as nothing is touched, and tell their head', async () => {
    const tenant = await sealed();
    const found = await verify(tenant);
    expect(found).to.deep.include({ broken: undefined, seals: 3, events: 9, unsealed: 0 });
    expect(found.head).to.include({ number: 3 });
    expect(told.at(-1)).to.include(`"seal":"3:${found.head?.hash ?? '-'}"`);
    expect(await verify(tenant, found.head)).to.deep.equal(found);
    await write(tenant, 1);
    expect(await verify(tenant)).to.deep.include({ broken: undefined, unsealed: 1 });
  });

  it('wait until an event is old enough, whose transaction may have begun long before it ended', async () => {
    const tenant = await aTenant();
    await write(tenant, 2);
    await seal(db(), 60);
    expect(await verify(tenant)).to.deep.include({ seals: 0, unsealed: 2 });
    await db().query(`update audit_events set at = at - interval '61 seconds' where tenant_id = $1`, [tenant.id]);
    await seal(db(), 60);
    expect(await verify(tenant)).to.deep.include({ broken: undefined, seals: 1, events: 2, unsealed: 0 });
  });

  const ofSeal = (number: number) =>
    `(select id from audit_events where tenant_id = $1 and seal = ${String(number)} order by at, id limit 1)`;
  const copyInto = `
    insert into audit_events (id, tenant_id, type, at, seal)
    select gen_random_uuid(), tenant_id, type, at, seal from audit_events where id = ${ofSeal(2)}`;
  const tampered: Record<string, [string, { seal: number; breach: string }]> = {
    'an event that was removed': [
      `delete from audit_events where id = ${ofSeal(2)}`,
      { seal: 2, breach: 'event-removed' },
    ],
    'an event that was changed': [
      `update audit_events set detail = detail || '{"b": 99}' where id = ${ofSeal(2)}`,
      { seal: 2, breach: 'changed' },
    ],
    'an event’s time that was changed by a microsecond': [
      `update audit_events set at = at + interval '1 microsecond' where id = ${ofSeal(3)}`,
      { seal: 3, breach: 'changed' },
    ],
    'somebody else in the place of who did it': [
      `update audit_events set actor_kind = 'user', actor_id = 'somebody' where id = ${ofSeal(1)}`,
      { seal: 1, breach: 'changed' },
    ],
    'an event that was added': [copyInto, { seal: 2, breach: 'event-added' }],
    'an event that was replaced by another': [
      `with gone as (delete from audit_events where id = ${ofSeal(2)} returning tenant_id, type, at, seal)
       insert into audit_events (id, tenant_id, type, at, seal) select gen_random_uuid(), tenant_id, type, at, seal from gone`,
      { seal: 2, breach: 'changed' },
    ],
    'events in another order': [
      `update audit_events e set at = o.at
         from (select id, lead(at, 1, first_at) over (order by at, id) as at
                 from (select id, at, min(at) over () as first_at from audit_events where tenant_id = $1 and seal = 3) one) o
        where o.id = e.id`,
      { seal: 3, breach: 'changed' },
    ],
    'an event that was moved under another seal': [
      `update audit_events set seal = 3 where id = ${ofSeal(2)}`,
      { seal: 2, breach: 'event-removed' },
    ],
    'an event that was taken from under its seal': [
      `update audit_events set seal = null where id = ${ofSeal(2)}`,
      { seal: 2, breach: 'event-removed' },
    ],
    'a seal that was removed with its events': [
      `with gone as (delete from audit_events where tenant_id = $1 and seal = 2)
       delete from audit_seals where tenant_id = $1 and number = 2`,
      { seal: 2, breach: 'seal-missing' },
    ],
    'the first seal that was removed': [
      `delete from audit_seals where tenant_id = $1 and number = 1`,
      { seal: 1, breach: 'seal-missing' },
    ],
    'the last seal that was removed without its events': [
      `delete from audit_seals where tenant_id = $1 and number = 3`,
      { seal: 3, breach: 'seal-missing' },
    ],
    'a seal that was made fit for other events': [
      `with gone as (delete from audit_events where id = ${ofSeal(2)})
       update audit_seals set events = 1 where tenant_id = $1 and number = 2`,
      { seal: 2, breach: 'changed' },
    ],
    'a seal that is said to be of another time': [
      `update audit_seals set sealed_at = sealed_at - interval '1 hour' where tenant_id = $1 and number = 2`,
      { seal: 2, breach: 'changed' },
    ],
    'a seal that does not follow from the one before': [
      `update audit_seals set previous_hash = 'x' where tenant_id = $1 and number = 3`,
      { seal: 3, breach: 'chain-broken' },
    ],
  };
  for (const [what, [sql, broken]] of Object.entries(tampered)) {
    it(`show ${what}`, async () => {
      const tenant = await sealed();
      expect((await verify(tenant)).broken).to.equal(undefined);
      await db().query(sql, [tenant.id]);
      expect((await verify(tenant)).broken).to.deep.equal(broken);
      expect((await verify(await sealed())).broken).to.equal(undefined);
    });
  }

  it('show an end that was cut off, to whoever kept the head', async () => {
    const tenant = await sealed();
    const { head } = await verify(tenant);
    await db().query('delete from audit_events where tenant_id = $1 and seal = 3', [tenant.id]);
    await db().query('delete from audit_seals where tenant_id = $1 and number = 3', [tenant.id]);
    expect((await verify(tenant)).broken).to.equal(undefined);
    expect((await verify(tenant, head)).broken).to.deep.equal({ seal: 3, breach: 'head-missing' });
    await write(tenant, 1);
    await seal();
    expect((await verify(tenant)).broken).to.equal(undefined);
    expect((await verify(tenant, head)).broken).to.deep.equal({ seal: 3, breach: 'head-differs' });
  });

  /** As somebody does who can write to the database, and leaves it to the server to seal the log again. */
  async function sealAnew(tenant: Tenant): Promise<void> {
    await db().query('delete from audit_seals where tenant_id = $1', [tenant.id]);
    await db().query(`update audit_events set seal = null, actor_id = 'somebody else' where tenant_id = $1`, [
      tenant.id,
    ]);
    await seal();
  }
  const age = (tenant: Tenant, by: string) =>
    db().query('update audit_events set at = at - $2::interval where tenant_id = $1 and seal is null', [tenant.id, by]);

  it('tell of a log that was written anew: by the head that was kept, and by how old its events are', async () => {
    const tenant = await sealed();
    const { head } = await verify(tenant);
    await db().query('delete from audit_seals where tenant_id = $1', [tenant.id]);
    await db().query('update audit_events set seal = null where tenant_id = $1', [tenant.id]);
    await age(tenant, '25 hours');
    await sealAnew(tenant);
    expect(await verify(tenant)).to.deep.include({ broken: undefined, late: { firstSeal: 1, seals: 1 } });
    expect((await verify(tenant, head)).broken).to.deep.equal({ seal: 3, breach: 'head-missing' });
  });

  it('say which were made late, but of those that a kept head vouches for', async () => {
    const tenant = await sealed();
    await write(tenant, 2);
    await age(tenant, '23 hours');
    await seal();
    expect((await verify(tenant)).late).to.equal(undefined);
    await write(tenant, 2);
    await age(tenant, '25 hours');
    await seal();
    await write(tenant, 1);
    await seal();
    const found = await verify(tenant);
    expect(found).to.deep.include({ broken: undefined, late: { firstSeal: 5, seals: 1 } });
    expect((await verify(tenant, found.head)).late).to.equal(undefined);
  });

  it('are another tenant’s own', async () => {
    const [tenant, neighbour] = [await sealed(), await aTenant()];
    expect((await verify({ ...tenant, secret: neighbour.secret })).broken).to.deep.equal({
      seal: 1,
      breach: 'changed',
    });
  });

  it('are made once, by however many processes, over ten thousand events', async () => {
    const tenant = await aTenant();
    await db().query(
      `insert into audit_events (id, tenant_id, type, at)
       select gen_random_uuid(), $1, 'token.issued', now() - interval '1 hour' from generate_series(1, 10000)`,
      [tenant.id],
    );
    await Promise.all([seal(), seal(other()), seal(), seal(other())]);
    // Whoever found another one at it left the rest to that one.
    await seal();
    expect(await verify(tenant)).to.deep.include({ broken: undefined, seals: 10, events: 10_000, unsealed: 0 });
  }).timeout(60_000);
});
