import { randomUUID } from 'node:crypto';

import { expect } from 'chai';

import { createPostgresAudit } from '../../src/audit/audit-postgres.ts';
import { createPostgresAuditTrail } from '../../src/audit/audit-trail-postgres.ts';
import type { AuditEventType } from '../../src/audit/audit.ts';
import { onBehalfOf } from '../../src/http/request-context.ts';
import { createLog } from '../../src/observability/log.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { aTenantId } from '../support/tenants.ts';

describeOnEveryDatabase('recent sign-ins', ({ db }) => {
  let tenantId: string;
  let userId: string;

  beforeEach(async () => {
    tenantId = await aTenantId(db());
    userId = randomUUID();
  });

  const entry = { directory: 'people', stableId: 'entry-1' };
  const signIns = (limit = 10, ofTenant = tenantId) =>
    createPostgresAuditTrail(db()).signIns(ofTenant, { userId, entry }, limit);
  const record = (type: AuditEventType, detail: Record<string, string> = {}, ofUser = userId) =>
    createPostgresAudit(db()).record({ type, tenantId, subject: { kind: 'user', id: ofUser }, detail });

  it('are told with when, where and by what, the latest first', async () => {
    const request = {
      requestId: 'r-1',
      address: '192.0.2.1',
      userAgent: 'Mozilla/5.0',
      log: createLog({ level: 'silent' }),
    };
    await onBehalfOf(request, () => record('login.failed'));
    await record('login.succeeded', { client: 'orders' });
    const [latest, first] = await signIns();
    expect(latest).to.deep.include({
      succeeded: true,
      clientId: 'orders',
      address: undefined,
      userAgent: undefined,
    });
    expect(first).to.deep.include({
      succeeded: false,
      clientId: undefined,
      address: '192.0.2.1',
      userAgent: 'Mozilla/5.0',
    });
    expect(Date.now() - Number(first?.at)).to.be.within(-1_000, 10_000);
  });

  it('are what began or refused one, and nothing else that happened', async () => {
    const counting: AuditEventType[] = ['login.succeeded', 'login.failed', 'login.refused', 'second_factor.failed'];
    for (const type of counting) await record(type);
    for (const type of ['second_factor.proven', 'token.issued', 'login.blocked'] as const) await record(type);
    expect((await signIns()).map(({ succeeded }) => succeeded)).to.deep.equal([false, false, false, true]);
  });

  it('are those that failed at the person’s entry in the directory, too', async () => {
    const failed = (detail: Record<string, string>) =>
      createPostgresAudit(db()).record({ type: 'login.failed', tenantId, detail });
    await failed(entry);
    await failed({ ...entry, stableId: 'entry-2' });
    await failed({ ...entry, directory: 'partners' });
    await failed({});
    expect(await signIns()).to.have.length(1);
    const ofLocalAccount = { userId, entry: undefined };
    expect(await createPostgresAuditTrail(db()).signIns(tenantId, ofLocalAccount, 10)).to.deep.equal([]);
  });

  it('are no more than asked for', async () => {
    for (let attempt = 0; attempt < 4; attempt++) await record('login.failed');
    await record('login.succeeded');
    expect((await signIns(2)).map(({ succeeded }) => succeeded)).to.deep.equal([true, false]);
  });

  it('are one person’s of one tenant', async () => {
    await record('login.succeeded', {}, randomUUID());
    expect(await signIns()).to.deep.equal([]);
    await record('login.succeeded');
    expect(await signIns(10, await aTenantId(db()))).to.deep.equal([]);
  });
});
