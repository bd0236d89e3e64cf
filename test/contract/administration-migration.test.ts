import { expect } from 'chai';

import * as tenants from '../../migrations/0001_tenants.ts';
import * as users from '../../migrations/0002_users.ts';
import * as sessions from '../../migrations/0003_sessions.ts';
import * as auditAndOutbox from '../../migrations/0004_audit_and_outbox.ts';
import * as secondFactors from '../../migrations/0005_second_factors.ts';
import * as directoryStates from '../../migrations/0006_directory_states.ts';
import * as administration from '../../migrations/0007_administration.ts';
import { openEmbedded } from '../../src/db/database-pglite.ts';
import { openPostgres } from '../../src/db/database-postgres.ts';
import type { OpenDatabase } from '../../src/db/pooled-database.ts';
import { createPostgresRoles } from '../../src/roles/roles-postgres.ts';
import { createRoles } from '../../src/roles/roles.ts';
import { emptyDatabaseUrl } from '../support/postgres.ts';

const BEFORE = [tenants, users, sessions, auditAndOutbox, secondFactors, directoryStates];

describeMigration('Postgres', async () => openPostgres({ url: await emptyDatabaseUrl() }));
describeMigration('PGlite', () => openEmbedded());

function describeMigration(title: string, open: () => Promise<OpenDatabase>): void {
  describe(`the migration to administration, on ${title}`, () => {
    const ACME = '00000000-0000-7000-8000-00000000000a';
    const PLAIN = '00000000-0000-7000-8000-00000000000b';
    const ALICE = '00000000-0000-7000-8000-000000000001';
    const BOB = '00000000-0000-7000-8000-000000000002';
    let db: OpenDatabase;

    const run = (step: (knex: Parameters<typeof tenants.up>[0]) => Promise<void>) =>
      db.withKnex((knex) => knex.transaction(step));
    const aRole = (tenant: string, name: string, owner: string, permissions: string[] = [], inherits: string[] = []) =>
      db.query(
        `insert into roles (id, tenant_id, name, permissions, inherits, owner) values (gen_random_uuid(), $1, $2, $3, $4, $5)`,
        [tenant, name, permissions, inherits, owner],
      );
    const give = (tenant: string, role: string, kind: string, holder: string, owner: string) =>
      db.query(
        `insert into role_holders (tenant_id, role_id, kind, holder, owner)
         select tenant_id, id, $3, $4, $5 from roles where tenant_id = $1 and name = $2`,
        [tenant, role, kind, holder, owner],
      );
    const rolesOf = async (tenant: string) => {
      const rows = await db.query<{ name: string; owner: string; inherits: string[]; holders: string[] }>(
        `select name, owner, inherits,
                array(select h.kind || ' ' || h.holder from role_holders h where h.role_id = r.id order by 1) as holders
           from roles r where tenant_id = $1`,
        [tenant],
      );
      return Object.fromEntries(rows.map(({ name, ...role }) => [name, role]));
    };
    const permissionsOf = (tenant: string, ...names: string[]) =>
      createRoles(createPostgresRoles(db)).permissionsOf(tenant, names);
    const json = async (text: string) => (await db.one<{ value: unknown }>(text))?.value;

    before(async () => {
      db = await open();
      await run(async (knex) => {
        for (const each of BEFORE) await each.up(knex);
      });
      await storeTenants();
      await run(administration.up);
    });
    after(() => db.close());

    /** `acme` with roles of the file under all four names; `plain` with an administrator made at the terminal. */
    async function storeTenants(): Promise<void> {
      const settings = { policy: { secondFactors: { required: { groups: [], roles: ['owner', 'boss'] } } } };
      for (const [id, slug, stored] of [
        [ACME, 'acme', settings],
        [PLAIN, 'plain', {}],
      ]) {
        await db.query(
          `insert into tenants (id, slug, name, settings, secret, owner, changed_version) values ($1, $2, 'T', $3, '', 'file', 0)`,
          [id, slug, JSON.stringify(stored)],
        );
      }
      await db.query(
        `insert into users (id, tenant_id, username, profile, local_name) values ($1, $3, 'a', '{}', 'a'), ($2, $4, 'b', '{}', 'b')`,
        [ALICE, BOB, ACME, PLAIN],
      );
      await aRole(ACME, 'owner', 'file', ['invoice:read']);
      await aRole(ACME, 'owner-of-file', 'file', ['invoice:print']);
      await aRole(ACME, 'admin', 'file', ['invoice:write'], ['owner', 'reader']);
      await aRole(ACME, 'helpdesk', 'file');
      await aRole(ACME, 'auditor', 'file');
      await aRole(ACME, 'boss', 'file', [], ['reader', 'admin']);
      await aRole(ACME, 'reader', 'file');
      await give(ACME, 'owner', 'user', ALICE, 'api');
      await give(ACME, 'admin', 'group', 'cn=admins', 'file');
      await give(ACME, 'helpdesk', 'client', 'app', 'file');
      await db.query(`insert into clients (tenant_id, client_id, metadata, owner) values ($1, 'app', $2, 'file')`, [
        ACME,
        JSON.stringify({ roles: ['helpdesk'], allow: { groups: [], roles: ['reader', 'admin'] } }),
      ]);
      await aRole(PLAIN, 'owner', 'api');
      await give(PLAIN, 'owner', 'user', BOB, 'api');
      await aRole(PLAIN, 'stray', 'file', [], ['owner', 'admin']);
    }

    it('gives a role of the file under the name of a built-in one another name, and its holders with it', async () => {
      const roles = await rolesOf(ACME);
      const builtIn = { owner: 'system', inherits: [], holders: [] };
      expect(roles).to.deep.equal({
        ...{ owner: builtIn, admin: builtIn, helpdesk: builtIn, auditor: builtIn },
        'owner-of-file': { owner: 'file', inherits: [], holders: [] },
        'owner-of-file-2': { owner: 'file', inherits: [], holders: [`user ${ALICE}`] },
        'admin-of-file': { owner: 'file', inherits: ['owner-of-file-2', 'reader'], holders: ['group cn=admins'] },
        'helpdesk-of-file': { owner: 'file', inherits: [], holders: ['client app'] },
        'auditor-of-file': { owner: 'file', inherits: [], holders: [] },
        boss: { owner: 'file', inherits: ['reader', 'admin-of-file'], holders: [] },
        reader: { owner: 'file', inherits: [], holders: [] },
      });
      expect(await permissionsOf(ACME, 'boss', 'owner-of-file-2')).to.have.members(['invoice:write', 'invoice:read']);
      expect(await permissionsOf(ACME, 'owner')).to.deep.equal(['*:*']);
    });

    it('follows with the rules that name such a role, and tells other processes', async () => {
      const required = await json(
        `select settings #> '{policy,secondFactors,required,roles}' as value from tenants where slug = 'acme'`,
      );
      expect(required).to.deep.equal(['owner-of-file-2', 'boss']);
      expect(await json('select metadata as value from clients')).to.deep.equal({
        roles: ['helpdesk-of-file'],
        allow: { groups: [], roles: ['reader', 'admin-of-file'] },
      });
      const versions = await db.query('select slug, changed_version as version from tenants order by slug');
      expect(versions).to.deep.equal([
        { slug: 'acme', version: 1 },
        { slug: 'plain', version: 0 },
      ]);
    });

    it('makes an administrator of whoever was made one at the terminal, and of no role of the file', async () => {
      const { owner, stray } = await rolesOf(PLAIN);
      expect(owner).to.deep.equal({ owner: 'system', inherits: [], holders: [`user ${BOB}`] });
      expect(stray).to.have.property('inherits').that.deep.equals(['owner-of-file', 'admin-of-file']);
      expect(await permissionsOf(PLAIN, 'stray')).to.deep.equal([]);
    });

    it('keeps a process of the version before from taking a built-in role for its file', async () => {
      const failed = await db
        .query(
          `insert into roles (id, tenant_id, name, permissions, inherits, owner)
           values (gen_random_uuid(), $1, 'owner', '{invoice:read}', '{}', 'file')
           on conflict (tenant_id, name) do update set permissions = excluded.permissions, owner = 'file'`,
          [PLAIN],
        )
        .catch((error: unknown) => error);
      expect(failed).to.have.property('constraint', 'roles_built_in_check');
      expect((await rolesOf(PLAIN)).owner).to.include({ owner: 'system' });
    });

    it('goes back, and forth again, with the same administrators', async () => {
      const there = { acme: await rolesOf(ACME), plain: await rolesOf(PLAIN) };
      await run(administration.down);
      const { owner, admin } = await rolesOf(PLAIN);
      expect(owner).to.deep.equal({ owner: 'api', inherits: [], holders: [`user ${BOB}`] });
      expect(admin).to.equal(undefined);
      await run(administration.up);
      expect({ acme: await rolesOf(ACME), plain: await rolesOf(PLAIN) }).to.deep.equal(there);
      expect(await permissionsOf(PLAIN, 'owner')).to.deep.equal(['*:*']);
    });
  });
}
