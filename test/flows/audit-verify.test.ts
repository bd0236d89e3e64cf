import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { createPostgresSeals } from '../../src/audit/seals-postgres.ts';
import { sealAll } from '../../src/audit/sealing.ts';
import { composeCore } from '../../src/compose-core.ts';
import { openPostgres } from '../../src/db/database-postgres.ts';
import type { OpenDatabase } from '../../src/db/pooled-database.ts';
import { testDatabaseUrl } from '../support/postgres.ts';
import { aTenantDeclaration, encryption } from '../support/tenants.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

describe('sallyport audit verify', () => {
  let url: string;
  let db: OpenDatabase;

  before(async () => {
    url = await testDatabaseUrl();
    db = openPostgres({ url });
    const core = composeCore({ db, encryption });
    await core.applyConfiguration({ acme: aTenantDeclaration(), globex: aTenantDeclaration() });
    const log = { info: () => undefined };
    await sealAll({ seals: createPostgresSeals(db), tenants: core.tenants, log }, undefined, -1);
  });
  after(() => db.close());

  function verify(...options: string[]): Promise<{ code: number; out: string; err: string }> {
    const env = {
      PATH: process.env['PATH'],
      SALLYPORT_PUBLIC_URL: 'http://localhost:3000',
      SALLYPORT_DATABASE_URL: url,
      SALLYPORT_ENCRYPTION_KEYS_0_ID: 'k1',
      SALLYPORT_ENCRYPTION_KEYS_0_SECRET: 'a secret of more than 32 characters',
    };
    return new Promise((resolve) => {
      execFile(process.execPath, [MAIN, 'audit', 'verify', ...options], { env }, (error, out, err) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
      });
    });
  }

  it('says that all is as it was sealed, and the head to keep', async () => {
    const { code, out } = await verify();
    expect(code).to.equal(0);
    expect(out).to.match(/^acme: intact: \d+ events under 1 seals, head 1:[\w-]{43}; 0 events are not sealed yet$/m);
    expect(out).to.match(/^globex: intact/m);
  });

  it('says by its exit code, and where, that something is not', async () => {
    const kept = await verify('--tenant', 'acme', '--json');
    const { head }: { head: { number: number; hash: string } } = JSON.parse(kept.out);
    const option = ['--head', `${String(head.number)}:${head.hash}`];
    expect((await verify('--tenant', 'acme', ...option)).code).to.equal(0);

    const ofAcme = `tenant_id = (select id from tenants where slug = 'acme')`;
    await db.query(`update audit_events set reason = 'another' where ${ofAcme}`);
    const broken = await verify('--json');
    expect(broken.code).to.equal(6);
    const lines = broken.out
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines[0]).to.deep.include({ tenant: 'acme', broken: { seal: 1, breach: 'changed' } });
    expect(lines[1]).to.deep.include({ tenant: 'globex' }).and.not.to.have.property('broken');

    await db.query(`delete from audit_events where ${ofAcme}`);
    await db.query(`delete from audit_seals where ${ofAcme}`);
    expect((await verify('--tenant', 'acme')).code).to.equal(0);
    const cut = await verify('--tenant', 'acme', ...option);
    expect(cut).to.include({ code: 6 });
    expect(cut.out).to.include('BROKEN at seal 1 (head-missing)');
  });

  it('warns whoever gives no head, and of what was sealed late', async () => {
    const ofGlobex = `tenant_id = (select id from tenants where slug = 'globex')`;
    await db.query(`delete from audit_seals where ${ofGlobex}`);
    await db.query(`update audit_events set seal = null, at = at - interval '2 days' where ${ofGlobex}`);
    const core = composeCore({ db, encryption });
    const log = { info: () => undefined };
    await sealAll({ seals: createPostgresSeals(db), tenants: core.tenants, log }, undefined, -1);

    const { code, out, err } = await verify('--tenant', 'globex');
    expect(code).to.equal(0);
    expect(err).to.include('Without --head').and.include('globex: sealed-late: 1 seals, the first of them 1,');
    const [, head = ''] = /head (\S+);/.exec(out) ?? [];
    expect(await verify('--tenant', 'globex', '--head', head)).to.include({ code: 0, err: '' });
  });

  it('says what is wrong with how it was asked', async () => {
    expect((await verify('--tenant', 'nobody')).code).to.equal(3);
    expect((await verify('--head', 'x')).code).to.equal(2);
    expect((await verify('--head', `1:${'a'.repeat(43)}`)).err).to.include('--tenant');
  });
});
