import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

import { expect } from 'chai';

import { sealAll } from '../../src/audit/sealing.ts';
import type { ShownEvent } from '../../src/audit/shown-event.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { eventually } from '../support/eventually.ts';

interface Listed {
  items: ShownEvent[];
  nextPageToken?: string;
}

describe('the audit log', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  let globex: Tenant;

  before(async () => {
    admin = await startAdmin({ acme: {}, globex: {} });
    ({ acme, globex } = admin.tenants as Record<'acme' | 'globex', Tenant>);
    for (let index = 0; index < 25; index++) {
      await admin.base.audit.record({
        type: index % 5 === 0 ? 'user.disabled' : 'login.failed',
        tenantId: acme.id,
        actor: { kind: index % 2 === 0 ? 'user' : 'api-key', id: `actor-${String(index % 3)}` },
        subject: { kind: 'user', id: `subject-${String(index)}` },
        reason: 'bad-credentials',
        detail: { index },
      });
    }
  });

  const list = async (query: Record<string, unknown> = {}, tenant = acme) =>
    (await admin.call<Listed>('listAuditEvents', { params: { tenant: tenant.slug }, query })).body;
  const exported = async (query: Record<string, unknown> = {}) => {
    const { body } = await admin.call<unknown>('exportAuditEvents', { params: { tenant: acme.slug }, query });
    if (!(body instanceof Readable)) throw new Error('no stream');
    return body;
  };

  it('shows the latest first, page by page, and none twice', async () => {
    const seen: ShownEvent[] = [];
    let pageToken: string | undefined;
    do {
      const page: Listed = await list({
        pageSize: '7',
        filter: 'subjectKind eq "user"',
        ...(pageToken && { pageToken }),
      });
      seen.push(...page.items);
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    expect(seen.map(({ detail }) => detail?.['index'])).to.deep.equal(Array.from({ length: 25 }, (_, n) => 24 - n));
  });

  it('shows an event as it was written', async () => {
    const { items } = await list({ filter: 'subjectId eq "subject-3"' });
    const [event] = items;
    expect(event).to.deep.include({
      type: 'login.failed',
      actor: { kind: 'api-key', id: 'actor-0', tenant: null },
      subject: { kind: 'user', id: 'subject-3' },
      reason: 'bad-credentials',
      detail: { index: 3 },
      changes: null,
      sealed: null,
    });
    const params = { tenant: acme.slug, eventId: event?.id ?? '' };
    expect((await admin.call('getAuditEvent', { params })).body).to.deep.equal(event);
    await admin.refused('getAuditEvent', 'not-found', { params: { ...params, tenant: globex.slug } });
  });

  const found = async (filter: string) => (await list({ filter, pageSize: '1000' })).items.length;

  it('is searched by time, actor, subject and type', async () => {
    expect(await found('type eq "user.disabled"')).to.equal(5);
    expect(await found('type sw "login." and actorKind eq "user"')).to.equal(10);
    expect(await found('actorId eq "actor-1"')).to.equal(8);
    const { items } = await list({ filter: 'subjectId eq "subject-10"' });
    const at = items[0]?.at ?? '';
    const others = (await list({ filter: 'subjectKind eq "user"', pageSize: '1000' })).items;
    const since = others.filter((event) => event.at >= at).length;
    expect(since).to.be.within(15, 24);
    expect(await found(`subjectKind eq "user" and at ge "${at}"`)).to.equal(since);
    expect(await found(`subjectKind eq "user" and at lt "${at}"`)).to.equal(25 - since);
  });

  it('shows nothing of another tenant, and nothing to who may not read it', async () => {
    expect((await list({ filter: 'subjectKind eq "user"' }, globex)).items).to.deep.equal([]);
    const caller = callerOf(acme, ['users:*']);
    await admin.refused('listAuditEvents', 'permission-denied', { params: { tenant: acme.slug }, caller });
    await admin.refused('exportAuditEvents', 'permission-denied', { params: { tenant: acme.slug }, caller });
  });

  it('is held against its seals over the API as well', async () => {
    const { base, call, refused } = admin;
    const verify = async (body?: object) =>
      (await call('verifyAuditEvents', { params: { tenant: acme.slug }, body })).body;
    expect(await verify()).to.deep.include({ intact: true, broken: null, seals: 0, head: null });
    await sealAll({ seals: base.seals, tenants: base.tenants, log: base.log }, undefined, -1);
    const sealed = await verify({});
    expect(sealed).to.deep.include({ intact: true, seals: 1, unsealed: 0 });
    expect(await verify({ head: sealed['head'] })).to.deep.equal(sealed);
    const head = `1:${'a'.repeat(43)}`;
    expect(await verify({ head })).to.deep.include({ intact: false, broken: { seal: 1, breach: 'head-differs' } });
    await refused('verifyAuditEvents', 'invalid-request', { params: { tenant: acme.slug }, body: { head: 'x' } });
    expect((await list({ filter: 'subjectId eq "subject-3"' })).items[0]).to.include({ sealed: 1 });
  });

  it('is exported whole or filtered, one event a line, and says who did', async () => {
    const filter = 'type eq "user.disabled"';
    const lines = (await text(await exported({ filter, sort: 'at' }))).trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as ShownEvent);
    expect(events).to.deep.equal((await list({ filter, sort: 'at' })).items);
    const [last] = (await list({ filter: 'type eq "audit.exported"' })).items;
    expect(last).to.deep.include({ subject: { kind: 'tenant', id: acme.id } });
    expect(last?.actor).to.deep.equal({ kind: 'system', id: 'command line', tenant: 'root' });
  });

  it('is exported in bounded memory, however long it is, and ends with whoever reads it', async () => {
    const rows = 40_000;
    await admin.base.db.query(
      `insert into audit_events (id, tenant_id, type, at, detail)
       select gen_random_uuid(), $1, 'token.issued', now() - n * interval '1 millisecond', jsonb_build_object('filler', repeat('x', 400))
         from generate_series(1, $2::int) n`,
      [acme.id, rows],
    );
    const filter = 'type eq "token.issued"';
    let lines = 0;
    const stream = await exported({ filter });
    stream.once('readable', () => undefined);
    await delay(500);
    // As much as it has read ahead while nobody reads it: a batch or two of 40,000 events.
    expect(stream.readableLength).to.be.within(1, 2_000_000);
    for await (const chunk of stream) lines += String(chunk).split('\n').length - 1;
    expect(lines).to.equal(rows);

    const broken = await exported({ filter });
    for await (const _ of broken) break;
    expect(broken.destroyed).to.equal(true);
    await eventually('no connection is held', () => admin.base.db.poolUse().used === 0);
  });
});
