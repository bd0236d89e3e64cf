import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import { expect } from 'chai';
import { z } from 'zod';

import { checkImportedHash } from '../../src/security/foreign-hashes.ts';
import { tenantSettings } from '../../src/tenants/tenant-settings.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import type { Caller } from '../../src/admin/caller.ts';
import type { Sent } from '../../src/admin/dispatch.ts';
import { Problem } from '../../src/admin/problem.ts';
import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { eventually } from '../support/eventually.ts';

const HASH = sshaOf('correct horse battery');
const OTHER_HASH = sshaOf('another password');

const reported = z.object({
  row: z.number(),
  outcome: z.string(),
  id: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});
const summed = z.object({
  importId: z.string().nullable(),
  rows: z.number(),
  created: z.number(),
  updated: z.number(),
  unchanged: z.number(),
  failed: z.number(),
});
const broken = z.object({ code: z.string(), detail: z.string(), importId: z.string().nullable(), nextRow: z.number() });

describe('importing users', () => {
  let admin: TestAdmin;
  let acme: Tenant;

  before(async () => {
    const roles = {
      clerk: { permissions: ['invoice:read'], inherits: [], groups: [] },
      chief: { permissions: ['users:write'], inherits: [], groups: [] },
    };
    const allowed = ['totp', 'email', 'sms', 'recovery-code'];
    const settings = tenantSettings.parse({ policy: { secondFactors: { allowed }, sms: { country: 'CH' } } });
    admin = await startAdmin({ acme: { roles, settings }, globex: {}, initech: {} });
    acme = tenantNamed('acme');
    await group('Finance');
  });

  function tenantNamed(name: string): Tenant {
    const tenant = admin.tenants[name];
    if (!tenant) throw new Error(`no tenant ${name}`);
    return tenant;
  }

  async function group(name: string): Promise<string> {
    const [row] = await admin.base.db.query<{ id: string }>(
      'insert into groups (id, tenant_id, name) values (gen_random_uuid(), $1, $2) returning id',
      [acme.id, name],
    );
    return row?.id ?? '';
  }

  type Sending = Partial<Sent> & { caller?: Caller };

  async function send(body: string | Readable, query: Record<string, string> = {}, more: Sending = {}) {
    const stream = typeof body === 'string' ? Readable.from([Buffer.from(body)]) : body;
    const streamType = typeof body === 'string' && !body.startsWith('{') ? 'text/csv' : 'application/x-ndjson';
    const params = { tenant: acme.slug };
    const { body: answer } = await admin.call('importUsers', { params, query, stream, streamType, ...more });
    const lines = (await textOf(answer))
      .trim()
      .split('\n')
      .map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
    const [first, ...rest] = lines;
    const last = rest.pop();
    return {
      first: z.object({ importId: z.string().nullable(), nextRow: z.number() }).parse(first?.import),
      rows: rest.map((line) => reported.parse(line)),
      summary: last?.summary === undefined ? undefined : summed.parse(last.summary),
      error: last?.error === undefined ? undefined : broken.parse(last.error),
    };
  }

  const lines = (...rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const account = (name: string) => admin.base.users.findByLocalName(acme.id, name);
  const events = (type: string) =>
    admin.base.db.query<{ subject_id: string; detail: object; changes: { at: string }[] }>(
      'select subject_id, detail, changes from audit_events where tenant_id = $1 and type = $2 order by id',
      [acme.id, type],
    );

  it('makes accounts of a CSV file, with profile, hash, roles, groups and factors', async () => {
    const { first, rows, summary } = await send(
      [
        'userName,givenName,email,emailVerified,passwordHash,roles,groups,totpSecret,totpDigits,factorEmail,factorPhone,status',
        `ann@local,Ann,ann@example.com,true,${HASH},clerk,finance,JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP,8,ann@example.com,079 123 45 67,`,
        '"Bob, the builder","Bob ""B"" Builder",,,,,,,,,,disabled',
      ].join('\r\n'),
    );
    expect(rows.map(({ row, outcome }) => [row, outcome])).to.deep.equal([
      [1, 'created'],
      [2, 'created'],
    ]);
    expect(summary).to.deep.include({ importId: first.importId, rows: 2, created: 2, failed: 0 });
    const ann = await account('ann');
    expect(ann?.user).to.deep.include({ username: 'ann', status: 'active', id: rows[0]?.id });
    expect(ann?.user.profile).to.deep.equal({ givenName: 'Ann', email: 'ann@example.com', emailVerified: true });
    expect(ann?.passwordHash).to.equal(HASH);
    expect(ann?.user.groups.map(({ name }) => name)).to.deep.equal(['Finance']);
    const id = ann?.user.id ?? '';
    expect(await admin.base.roles.rolesOfUser({ tenantId: acme.id, userId: id, groups: [] })).to.deep.equal(['clerk']);
    const factors = await admin.base.enrolments.list(acme.id, id);
    expect(Object.fromEntries(factors.map(({ factor, secret }) => [factor, secret]))).to.deep.equal({
      totp: 'SHA1:8:30:JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
      email: 'ann@example.com',
      sms: '+41791234567',
    });
    expect((await account('bob, the builder'))?.user).to.deep.include({
      status: 'disabled',
      profile: { givenName: 'Bob "B" Builder' },
    });
    const [made] = (await events('user.created')).filter(({ subject_id: subject }) => subject === id);
    expect(JSON.stringify(made)).not.to.contain(HASH).and.not.to.contain('JBSWY3DP');
    expect(made?.changes.map(({ at }) => at)).to.include('/profile/email');
    expect(await events('users.imported')).to.have.lengthOf(1);
  });

  it('hashes a password that is plain, and takes none that is weak', async () => {
    const { rows } = await send(
      lines(
        { userName: 'carl', password: 'a password of some length' },
        { userName: 'dora', password: 'password1234' },
      ),
    );
    expect(rows.map(({ outcome }) => outcome)).to.deep.equal(['created', 'failed']);
    expect(rows[1]?.errors).to.deep.equal([{ pointer: '#/password', detail: 'is one that attackers try first' }]);
    const carl = await account('carl');
    expect(await admin.base.passwordHash.verify(carl?.passwordHash, 'a password of some length')).to.deep.equal({
      ok: true,
      rehash: false,
    });
    expect(await account('dora')).to.equal(undefined);
  });

  it('says of each row what is wrong with it, and applies the others', async () => {
    const { rows, summary } = await send(
      [
        ...[
          { userName: 'e1' },
          { userName: 'e2', roles: ['nobody'] },
          { userName: 'e3', groups: ['nowhere'] },
          { userName: '' },
        ],
        ...[
          { userName: 'e4', passwordHash: '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=' },
          { userName: 'e5', email: 'no address' },
        ],
        ...[
          { userName: 'e6', isAdmin: true },
          { userName: 'e7', passwordHash: '$2b$31$' + 'a'.repeat(53) },
          { userName: 'e8', directory: 'corp' },
        ],
      ]
        .map((row) => JSON.stringify(row))
        .concat(
          '{"userName":"e9","__proto__":{"roles":["chief"]}}',
          'no json',
          '',
          `{"userName":"${'e'.repeat(70_000)}"}`,
          '{"userName":"e10"}',
        )
        .join('\n'),
    );
    expect(rows.map(({ row, outcome, errors }) => [row, outcome, errors?.[0]?.pointer])).to.deep.equal([
      [1, 'created', undefined],
      [2, 'failed', '#/roles/0'],
      [3, 'failed', '#/groups/0'],
      [4, 'failed', '#/userName'],
      [5, 'failed', '#/passwordHash'],
      [6, 'failed', '#/email'],
      [7, 'failed', '#/isAdmin'],
      [8, 'failed', '#/passwordHash'],
      [9, 'failed', '#/directory'],
      [10, 'failed', '#'],
      [11, 'failed', '#'],
      [12, 'failed', '#'],
      [13, 'created', undefined],
    ]);
    expect(summary).to.deep.include({ rows: 13, created: 2, failed: 11 });
  });

  it('refuses columns that it does not know before the first row', async () => {
    for (const header of ['userName,isAdmin', 'userName,__proto__', 'userName,email,email', 'email']) {
      const stream = Readable.from([Buffer.from(`${header}\neve,x,y\n`)]);
      const problem = await admin.refused('importUsers', 'invalid-request', {
        params: { tenant: acme.slug },
        stream,
        streamType: 'text/csv',
      });
      expect(problem.errors).to.have.lengthOf(1);
    }
    expect(await account('eve')).to.equal(undefined);
  });

  it('does nothing in a dry run but report', async () => {
    const before = await admin.base.db.query('select 1 from audit_events where tenant_id = $1', [acme.id]);
    const { first, rows, summary } = await send(lines({ userName: 'dry', roles: ['clerk'] }, { userName: 'ann' }), {
      dryRun: 'true',
    });
    expect(rows.map(({ outcome }) => outcome)).to.deep.equal(['created', 'failed']);
    expect(rows[0]?.id).to.equal(undefined);
    expect(first.importId).to.equal(null);
    expect(summary?.importId).to.equal(null);
    expect(await account('dry')).to.equal(undefined);
    expect(await admin.base.db.query('select 1 from audit_events where tenant_id = $1', [acme.id])).to.have.lengthOf(
      before.length,
    );
  });

  it('updates, skips or fails on who is there already, as it is told', async () => {
    await send(lines({ userName: 'fay', email: 'fay@example.com', emailVerified: true, givenName: 'Fay' }));
    const row = lines({ userName: 'FAY', email: 'other@example.com', groups: ['Finance'] });
    expect((await send(row)).rows[0]).to.deep.include({ outcome: 'failed' });
    expect((await send(row, { onExisting: 'skip' })).rows[0]).to.deep.include({ outcome: 'unchanged' });
    expect((await send(row, { onExisting: 'update' })).rows[0]).to.deep.include({ outcome: 'updated' });
    const fay = await account('fay');
    expect(fay?.user).to.deep.include({ username: 'FAY', profile: { email: 'other@example.com', givenName: 'Fay' } });
    expect(fay?.user.groups).to.have.lengthOf(1);
    expect((await send(row, { onExisting: 'update' })).rows[0]).to.deep.include({ outcome: 'unchanged' });
  });

  it('ends the sessions of whoever gets another password or is disabled', async () => {
    await send(lines({ userName: 'gus', passwordHash: HASH }));
    const generation = async () => (await account('gus'))?.user.proofGeneration ?? -1;
    const before = await generation();
    await send(lines({ userName: 'gus', passwordHash: OTHER_HASH }), { onExisting: 'update' });
    expect(await generation()).to.be.greaterThan(before);
    const between = await generation();
    await send(lines({ userName: 'gus', status: 'disabled' }), { onExisting: 'update' });
    expect(await generation()).to.be.greaterThan(between);
  });

  it('leaves people of a directory alone', async () => {
    await admin.base.db.query(
      `insert into directories (id, tenant_id, name, position, settings, owner)
       values (gen_random_uuid(), $1, 'corp', 0,
               '{"preset":"openldap","urls":["ldaps://dc1.example.com"],"bindDn":"cn=svc","baseDn":"dc=example"}', 'api')`,
      [acme.id],
    );
    await admin.base.db.query(
      `insert into users (id, tenant_id, username, profile, directory_id, stable_id, directory_dn, directory_groups,
                          directory_state, directory_checked_at)
       select gen_random_uuid(), $1, 'Hal', '{}', id, 'hal', 'uid=hal', '[]', 'enabled', now() from directories
        where tenant_id = $1 and name = 'corp'`,
      [acme.id],
    );
    const { rows } = await send(lines({ userName: 'hal', email: 'taken@example.com' }), { onExisting: 'update' });
    expect(rows[0]?.errors?.[0]).to.deep.include({ pointer: '#/userName' });
    expect(await account('hal')).to.equal(undefined);
  });

  it('gives nobody what the caller does not hold', async () => {
    await send(lines({ userName: 'boss', roles: ['owner'] }));
    const chiefs = await group('Chiefs');
    await admin.base.db.query(
      `insert into role_holders (tenant_id, role_id, kind, holder, owner)
       select $1, id, 'group', $2, 'api' from roles where tenant_id = $1 and name = 'chief'`,
      [acme.id, chiefs],
    );
    admin.base.caches.forget(acme.id);
    const caller = callerOf(acme, ['users:read', 'invoice:read', 'groups:write']);
    await admin.refused('importUsers', 'permission-denied', { params: { tenant: acme.slug }, caller });
    const reader = callerOf(acme, ['users:write']);
    const { rows } = await send(
      lines(
        { userName: 'i1', roles: ['owner'] },
        { userName: 'i2', roles: ['clerk'] },
        { userName: 'boss', passwordHash: HASH },
        { userName: 'i3', totpSecret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' },
        { userName: 'i4' },
      ),
      { onExisting: 'update' },
      { caller: reader },
    );
    expect(rows.map(({ outcome, errors }) => [outcome, errors?.[0]?.pointer])).to.deep.equal([
      ['failed', '#/roles'],
      ['failed', '#/roles'],
      ['failed', '#'],
      ['failed', '#'],
      ['created', undefined],
    ]);
    const byClerk = await send(
      lines({ userName: 'i2', roles: ['clerk'] }, { userName: 'i5', groups: ['chiefs'] }),
      {},
      { caller: callerOf(acme, ['users:write', 'roles:write', 'groups:write', 'invoice:read']) },
    );
    expect(byClerk.rows.map(({ outcome }) => outcome)).to.deep.equal(['created', 'created']);
    const byKey = await send(
      lines({ userName: 'i6', groups: ['chiefs'] }),
      {},
      { caller: callerOf(acme, ['users:read', 'users:write', 'groups:write']) },
    );
    expect(byKey.rows[0]?.outcome).to.equal('created');
    expect((await account('boss'))?.passwordHash).to.equal(undefined);
  });

  it('gives roles, groups and factors to whoever may give them, and not to whoever may only write users', async () => {
    const rows = lines(
      { userName: 'j1', roles: ['clerk'] },
      { userName: 'j2', groups: ['chiefs'] },
      { userName: 'j3', totpSecret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' },
    );
    const held = ['users:write', 'invoice:read'];
    const { rows: refused } = await send(rows, {}, { caller: callerOf(acme, held) });
    expect(refused.map(({ errors }) => errors?.[0])).to.deep.equal([
      { pointer: '#/roles', detail: 'needs roles:write' },
      { pointer: '#/groups', detail: 'needs groups:write' },
      { pointer: '#', detail: 'needs factors:write' },
    ]);
    const caller = callerOf(acme, [...held, 'roles:write', 'groups:write', 'factors:write']);
    const { rows: given } = await send(rows, {}, { caller });
    expect(given.map(({ outcome }) => outcome)).to.deep.equal(['created', 'created', 'created']);
    const [{ id: managed } = { id: '' }] = (await account('j2'))?.user.groups ?? [];
    const manager = callerOf(acme, held, { managedGroups: new Set([managed]) });
    const byManager = await send(lines({ userName: 'j4', groups: ['chiefs'] }), {}, { caller: manager });
    expect(byManager.rows[0]?.outcome).to.equal('created');
  });

  /** Somebody who may do this to begin with, and once `less` is called, that. */
  function whoLoses(before: readonly string[], later: () => Promise<Caller>): { caller: Caller; less: () => void } {
    let isLess = false;
    const first = callerOf(acme, before);
    const renew = () => (isLess ? later() : Promise.resolve(first));
    return { caller: { ...first, renew }, less: () => (isLess = true) };
  }

  const LOST: Record<string, () => Promise<Caller>> = {
    'has been revoked': () => Promise.reject(new Problem('unauthenticated', 'This token or key is not good.')),
    'may read alone': () => Promise.resolve(callerOf(acme, ['users:read'])),
  };
  for (const [what, later] of Object.entries(LOST)) {
    it(`breaks off before the next batch where whoever imports ${what}`, async () => {
      const { caller, less } = whoLoses(['users:write'], later);
      const people = Array.from({ length: 400 }, (_, index) => ({
        userName: `${crypto.randomUUID()}${String(index)}`,
      }));
      async function* losingIt() {
        yield Buffer.from(lines(...people.slice(0, 201)));
        await eventually('the first batch', async () => (await account(people[0]?.userName ?? '')) !== undefined);
        less();
        yield Buffer.from(lines(...people.slice(201)));
      }
      const { rows, error } = await send(Readable.from(losingIt()), {}, { caller });
      expect(rows).to.have.lengthOf(200);
      expect(error).to.deep.include({ code: 'permission-denied', nextRow: 201 });
      expect(error?.detail).to.match(/^(This token or key is not good|This needs users:write)\.$/);
      expect(await account(people[200]?.userName ?? '')).to.equal(undefined);
    });
  }

  it('breaks off where the role to give, or the tenant, is lost meanwhile', async () => {
    const stays = callerOf(acme, ['users:write', 'roles:write', 'invoice:read']);
    const { caller, less } = whoLoses([...stays.permissions], () => Promise.resolve(callerOf(acme, ['users:write'])));
    less();
    const { rows } = await send(lines({ userName: 'k1', roles: ['clerk'] }), {}, { caller });
    expect(rows[0]?.errors).to.deep.equal([{ pointer: '#/roles', detail: 'needs roles:write' }]);
    const own = tenantNamed('initech');
    const params = { tenant: own.slug };
    const owner = callerOf(own, ['users:write']);
    const renew = async () => {
      await admin.base.db.query(`update tenants set status = 'suspended' where id = $1`, [own.id]);
      return owner;
    };
    const { error } = await send(lines({ userName: 'k2' }), {}, { params, caller: { ...owner, renew } });
    expect(error).to.deep.include({ code: 'permission-denied', detail: 'This tenant is suspended.' });
  });

  it('breaks an export off where whoever exports may no longer, with a last line that says so', async () => {
    const globex = tenantNamed('globex');
    const renew = () => Promise.resolve(callerOf(globex, []));
    const asked = {
      params: { tenant: globex.slug },
      caller: callerOf(globex, ['users:read', 'audit:read'], { renew }),
    };
    const ndjson = await textOf((await admin.call('exportUsers', asked)).body);
    expect(JSON.parse(ndjson)).to.deep.equal({
      error: { code: 'permission-denied', detail: 'This needs users:read.' },
    });
    const csv = await textOf((await admin.call('exportUsers', { ...asked, query: { format: 'csv' } })).body);
    expect(csv.split('\r\n').slice(1)).to.deep.equal(['error: This needs users:read.', '']);
    const log = await textOf((await admin.call('exportAuditEvents', asked)).body);
    expect(JSON.parse(log)).to.have.nested.property('error.detail', 'This needs audit:read.');
  });

  it('ends a batch at a mebibyte, so that few rows are in memory', async () => {
    const pad = 'x'.repeat(60_000);
    async function* slow() {
      for (let row = 0; row < 60; row++) {
        yield Buffer.from(lines({ userName: `large${String(row)}`, picture: pad }));
        await Promise.resolve();
      }
    }
    let batches = 0;
    const first = callerOf(acme, ['users:write']);
    const renew = () => {
      batches += 1;
      return Promise.resolve(first);
    };
    const { rows } = await send(Readable.from(slow()), {}, { caller: { ...first, renew } });
    expect(rows).to.have.lengthOf(60);
    expect(batches).to.equal(4);
  });

  it('disables no owner by a file', async () => {
    await send(lines({ userName: 'chair', roles: ['owner'] }));
    const { rows } = await send(lines({ userName: 'chair', status: 'disabled' }), { onExisting: 'update' });
    expect(rows[0]?.errors).to.deep.equal([{ pointer: '#', detail: 'An owner’s status is changed one by one.' }]);
  });

  it('goes on where it broke off, applies no row twice, and knows another file', async () => {
    const people = Array.from({ length: 450 }, (_, index) => ({ userName: `many${String(index)}` }));
    const whole = lines(...people);
    const cut = whole.slice(0, whole.indexOf('{"userName":"many430"}'));
    async function* breakingOff() {
      yield Buffer.from(cut);
      await Promise.reject(new Error('the sender has gone'));
    }
    const first = await send(Readable.from(breakingOff()));
    expect(first.error).to.deep.include({ code: 'unreadable', nextRow: 401 });
    const importId = first.first.importId ?? '';
    const params = { tenant: acme.slug, importId };
    expect((await admin.call('getImport', { params })).body).to.deep.include({
      state: 'failed',
      nextRow: 401,
      created: 400,
    });

    const wrong = Readable.from([Buffer.from(whole.replace('many7"', 'other7"'))]);
    const asNdjson = { params: { tenant: acme.slug }, query: { importId }, streamType: 'application/x-ndjson' };
    await admin.refused('importUsers', 'conflict', { ...asNdjson, stream: wrong });
    const shorter = Readable.from([Buffer.from(lines(...people.slice(0, 100)))]);
    await admin.refused('importUsers', 'conflict', { ...asNdjson, stream: shorter });

    const second = await send(whole, { importId });
    expect(second.first).to.deep.equal({ importId, nextRow: 401 });
    expect(second.rows.map(({ row }) => row)).to.deep.equal(Array.from({ length: 50 }, (_, index) => 401 + index));
    expect(second.summary).to.deep.include({ rows: 450, created: 450, failed: 0 });
    expect((await admin.call('getImport', { params })).body).to.deep.include({
      state: 'done',
      nextRow: 451,
      created: 450,
    });
    await admin.refused('importUsers', 'wrong-state', { ...asNdjson, stream: Readable.from([Buffer.from(whole)]) });
    const made = await admin.base.db.query(`select 1 from users where tenant_id = $1 and username like 'many%'`, [
      acme.id,
    ]);
    expect(made).to.have.lengthOf(450);
  });

  it('lets one of two senders go on with an import', async () => {
    const people = Array.from({ length: 400 }, (_, index) => ({ userName: `twice${String(index)}` }));
    const whole = lines(...people);
    async function* breakingOff() {
      yield Buffer.from(whole.slice(0, 2));
      await Promise.reject(new Error('the sender has gone'));
    }
    const importId = (await send(Readable.from(breakingOff()))).first.importId ?? '';
    const both = await Promise.all([send(whole, { importId }), send(whole, { importId })]);
    const applied = both.flatMap(({ rows }) => rows.map(({ row }) => row));
    expect(applied.toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: 400 }, (_, index) => index + 1));
    expect(both.flatMap(({ error }) => error?.code ?? [])).to.deep.equal(['conflict']);
  });

  it('reads no further than it has reported, so that a slow reader holds back a fast sender', async () => {
    let sent = 0;
    async function* endless() {
      for (;;) {
        const batch = Array.from({ length: 200 }, () => ({ userName: `slow${String(sent++)}` }));
        yield Buffer.from(lines(...batch));
        await Promise.resolve();
      }
    }
    const stream = Readable.from(endless());
    const params = { tenant: acme.slug };
    const { body } = await admin.call('importUsers', {
      params,
      query: { dryRun: 'true' },
      stream,
      streamType: 'application/x-ndjson',
    });
    const report = z.instanceof(Readable).parse(body);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const after = sent;
    expect(after).to.be.below(20_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sent).to.equal(after);
    report.destroy();
    stream.destroy();
  });

  it('knows nothing of another tenant', async () => {
    const importId = (await send(lines({ userName: 'jo' }))).first.importId ?? '';
    await admin.refused('getImport', 'not-found', { params: { tenant: tenantNamed('globex').slug, importId } });
    const caller = callerOf(tenantNamed('globex'), ['users:read', 'users:write']);
    await admin.refused('exportUsers', 'not-found', { params: { tenant: acme.slug }, caller });
  });

  it('takes back what was exported, unchanged, whatever a spreadsheet would make of it', async () => {
    const tricky = {
      userName: 'kim',
      name: '=cmd|x',
      nickname: "'=kept",
      familyName: '-1',
      phoneNumber: '+41791234567',
      website: 'https://kim.example.com',
    };
    await send(lines({ ...tricky, roles: ['clerk'], groups: ['Finance'], passwordHash: HASH }));
    for (const format of ['csv', 'ndjson']) {
      const { body } = await admin.call('exportUsers', { params: { tenant: acme.slug }, query: { format } });
      const text = await textOf(body);
      expect(text).not.to.contain(HASH).and.not.to.contain('JBSWY3DP');
      if (format === 'csv') {
        for (const cell of text.split(/[,\n]/)) expect(cell).not.to.match(/^"?[=+\-@\t]/);
      }
      const stream = Readable.from([Buffer.from(text)]);
      const streamType = format === 'csv' ? 'text/csv' : 'application/x-ndjson';
      const { rows, summary } = await send(stream, { onExisting: 'update' }, { streamType });
      const others = rows.filter(({ outcome }) => outcome !== 'unchanged');
      expect(others.map(({ errors }) => errors?.[0]?.pointer)).to.deep.equal(['#/directory']);
      expect(summary?.unchanged).to.be.greaterThan(450);
    }
    expect((await account('kim'))?.user.profile).to.deep.include({
      name: '=cmd|x',
      nickname: "'=kept",
      familyName: '-1',
    });
    expect(await events('users.exported')).to.have.lengthOf(2);
  });
});

function sshaOf(password: string): string {
  const salt = Buffer.from('a salt of the test');
  const digest = createHash('sha256').update(password).update(salt).digest();
  const hash = `{SSHA256}${Buffer.concat([digest, salt]).toString('base64')}`;
  expect(checkImportedHash(hash).ok).to.equal(true);
  return hash;
}

async function textOf(body: unknown): Promise<string> {
  const parts: string[] = [];
  for await (const part of z.instanceof(Readable).parse(body)) parts.push(String(part));
  return parts.join('');
}
