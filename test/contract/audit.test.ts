import { expect } from 'chai';
import { version } from 'uuid';

import { createPostgresAudit } from '../../src/audit/audit-postgres.ts';
import { onBehalfOf } from '../../src/http/request-context.ts';
import { createLog } from '../../src/observability/log.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { aTenantId } from '../support/tenants.ts';

describeOnEveryDatabase('the audit trail', ({ db }) => {
  const events = (tenantId: string) =>
    db().query('select * from audit_events where tenant_id = $1 order by id', [tenantId]);

  it('holds who did what to whom, from where and when', async () => {
    const tenantId = await aTenantId(db());
    const request = {
      requestId: 'r-1',
      address: '2001:db8::1',
      userAgent: 'Mozilla/5.0',
      log: createLog({ level: 'silent' }),
    };
    await onBehalfOf(request, () =>
      createPostgresAudit(db()).record({
        type: 'login.failed',
        tenantId,
        actor: { kind: 'client', id: 'app' },
        subject: { kind: 'user', id: 'u-1' },
        reason: 'bad-credentials',
        detail: { attempts: 3, known: false, factors: ['password'] },
      }),
    );
    const [event] = await events(tenantId);
    expect(event).to.deep.include({
      tenant_id: tenantId,
      type: 'login.failed',
      actor_kind: 'client',
      actor_id: 'app',
      subject_kind: 'user',
      subject_id: 'u-1',
      reason: 'bad-credentials',
      detail: { attempts: 3, known: false, factors: ['password'] },
      address: '2001:db8::1',
      user_agent: 'Mozilla/5.0',
      request_id: 'r-1',
    });
    expect(version(String(event?.['id']))).to.equal(7);
    expect(Date.now() - Number(event?.['at'])).to.be.within(-1_000, 10_000);
  });

  it('holds what nobody asked for over the network, with only a type', async () => {
    const tenantId = await aTenantId(db());
    await createPostgresAudit(db()).record({ type: 'key.rotated', tenantId });
    const [event] = await events(tenantId);
    expect(event).to.include({ type: 'key.rotated', actor_kind: null, reason: null, detail: null, address: null });
    expect(event).to.include({ user_agent: null, request_id: null });
  });

  it('holds nothing of a unit of work that failed', async () => {
    const tenantId = await aTenantId(db());
    const unit = db().unitOfWork(async () => {
      await createPostgresAudit(db()).record({ type: 'key.rotated', tenantId });
      throw new Error('failed');
    });
    expect(await unit.catch(() => 'failed')).to.equal('failed');
    expect(await events(tenantId)).to.deep.equal([]);
  });

  it('cuts what was typed to a size, and leaves out what cannot be stored', async () => {
    const tenantId = await aTenantId(db());
    const typed = { long: 'x'.repeat(100_000), cut: `${'x'.repeat(499)}😀`, nul: 'a\0b', list: ['y'.repeat(1_000)] };
    const subject = { kind: 'client', id: `app\0${'x'.repeat(1_000)}` } as const;
    await createPostgresAudit(db()).record({ type: 'login.failed', tenantId, subject, detail: typed });
    const [event] = await events(tenantId);
    expect(event).to.include({ subject_id: `app${'x'.repeat(496)}` });
    expect(event?.['detail']).to.deep.equal({
      long: 'x'.repeat(500),
      cut: `${'x'.repeat(499)}\ufffd`,
      nul: 'ab',
      list: ['y'.repeat(500)],
    });
  });

  it('takes many reports at once, each with its own request, and none of them twice', async () => {
    const tenantId = await aTenantId(db());
    const { reports } = createPostgresAudit(db());
    const log = createLog({ level: 'silent' });
    const ids = Array.from({ length: 50 }, (_, index) => `r-${index}`);
    await Promise.all(
      ids.map((requestId) =>
        onBehalfOf({ requestId, address: '::1', userAgent: undefined, log }, () =>
          reports.record({ type: 'token.issued', tenantId, detail: { requestId } }),
        ),
      ),
    );
    const rows = await events(tenantId);
    expect(rows.map((row) => row['request_id'])).to.have.members(ids);
    expect(rows.map((row) => row['detail'])).to.have.deep.members(ids.map((requestId) => ({ requestId })));
  });

  it('takes a report although one of another tenant, which is gone, fails', async () => {
    const tenantId = await aTenantId(db());
    const { reports } = createPostgresAudit(db());
    const [gone] = await Promise.allSettled([
      reports.record({ type: 'token.issued', tenantId: '00000000-0000-7000-8000-000000000000' }),
      reports.record({ type: 'token.issued', tenantId }),
    ]);
    expect(gone.status).to.equal('rejected');
    expect(await events(tenantId)).to.have.lengthOf(1);
  });

  it('keeps a report that was made within a unit of work which failed', async () => {
    const tenantId = await aTenantId(db());
    const { reports } = createPostgresAudit(db());
    const unit = db().unitOfWork(async () => {
      void reports.record({ type: 'token.refused', tenantId });
      throw new Error('the unit fails');
    });
    expect(await unit.catch((error: unknown) => error)).to.be.an('error');
    await reports.settled();
    expect(await events(tenantId)).to.have.lengthOf(1);
  });
});
