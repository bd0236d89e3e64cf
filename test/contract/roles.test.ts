import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import { createPostgresRoles, declaredRoles } from '../../src/roles/roles-postgres.ts';
import { createRoles } from '../../src/roles/roles.ts';
import { createPostgresUsers } from '../../src/users/users-postgres.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { aRole, aTenantId } from '../support/tenants.ts';

const finance = { id: 'f1', dn: 'cn=Finance,dc=example', name: 'Finance', nameIsUnique: true };

describeOnEveryDatabase('roles', ({ db, other }) => {
  const roles = () => createRoles(createPostgresRoles(db()));

  async function aTenantWithRoles(): Promise<string> {
    const tenantId = await aTenantId(db());
    const store = declaredRoles(db());
    const write = (name: string, parts: Record<string, unknown>, clients: string[] = []) =>
      store.write(tenantId, name, { ...aRole(parts), clients });
    await write('reader', { permissions: ['invoice:read'] });
    await write('billing', {
      permissions: ['invoice:approve', 'invoice:pay'],
      inherits: ['reader'],
      groups: ['finance'],
    });
    await write('robot', { permissions: ['invoice:read', 'queue:read'] }, ['importer']);
    return tenantId;
  }
  async function aUser(tenantId: string): Promise<string> {
    const made = await createPostgresUsers(db()).createLocal({
      tenantId,
      localName: `ann-${uuidv7()}`,
      passwordHash: undefined,
      profile: {},
    });
    if (!made.ok) throw new Error(made.reason);
    return made.value.id;
  }

  it('come to a person by being given, through groups, and by inheritance', async () => {
    const tenantId = await aTenantWithRoles();
    const userId = await aUser(tenantId);
    const of = (...groups: (typeof finance)[]) => roles().rolesOfUser({ tenantId, userId, groups });
    expect(await of()).to.deep.equal([]);
    expect(await of(finance)).to.deep.equal(['billing', 'reader']);
    expect(await of({ ...finance, nameIsUnique: false })).to.deep.equal([]);
    expect(await roles().rolesOfUser({ tenantId, userId, groups: [] })).to.deep.equal([]);

    expect(await roles().setRolesOf(tenantId, { kind: 'user', id: userId }, ['robot'])).to.deep.include({ ok: true });
    expect(await of()).to.deep.equal(['robot']);
    expect(await of(finance)).to.deep.equal(['billing', 'reader', 'robot']);
  });

  it('come to a client as the file says, and never to a user of the same id', async () => {
    const tenantId = await aTenantWithRoles();
    expect(await roles().rolesOfClient(tenantId, 'importer')).to.deep.equal(['robot']);
    expect(await roles().rolesOfClient(tenantId, 'finance')).to.deep.equal([]);
    expect(await roles().rolesOfUser({ tenantId, userId: 'importer', groups: [] })).to.deep.equal([]);
  });

  it('permit what they and the roles that they inherit permit', async () => {
    const tenantId = await aTenantWithRoles();
    const permissions = ['invoice:approve', 'invoice:pay', 'invoice:read', 'queue:read'];
    expect(await roles().permissionsOf(tenantId, ['robot', 'billing'])).to.deep.equal(permissions);
    expect(await roles().permissionsOf(tenantId, ['no-such-role'])).to.deep.equal([]);
  });

  it('of a user are replaced as a whole, or not at all', async () => {
    const tenantId = await aTenantWithRoles();
    const userId = await aUser(tenantId);
    const held = () => roles().rolesOfUser({ tenantId, userId, groups: [] });
    await roles().setRolesOf(tenantId, { kind: 'user', id: userId }, ['reader', 'robot']);
    expect(await roles().setRolesOf(tenantId, { kind: 'user', id: userId }, ['reader', 'nonsense'])).to.include({
      reason: 'unknown-role',
    });
    expect(await held()).to.deep.equal(['reader', 'robot']);
    await roles().setRolesOf(tenantId, { kind: 'user', id: userId }, ['reader', 'reader']);
    expect(await held()).to.deep.equal(['reader']);
    await roles().setRolesOf(tenantId, { kind: 'user', id: userId }, []);
    expect(await held()).to.deep.equal([]);
  });

  it('of a user are those of one of several calls at once, and never a mixture', async () => {
    const tenantId = await aTenantWithRoles();
    const userId = await aUser(tenantId);
    const choices = [['reader'], ['robot'], ['reader', 'robot']];
    const calls = Array.from({ length: 20 }, (_, index) =>
      createPostgresRoles(index % 2 ? db() : other()).setRolesOf(
        tenantId,
        { kind: 'user', id: userId },
        choices[index % 3] ?? [],
      ),
    );
    expect((await Promise.all(calls)).every((outcome) => outcome.ok)).to.equal(true);
    const stored = await db().query<{ name: string }>(
      'select r.name from role_holders h join roles r on r.id = h.role_id where h.tenant_id = $1 and h.holder = $2 order by 1',
      [tenantId, userId],
    );
    expect(choices).to.deep.include(stored.map((row) => row.name));
  });

  it('stay within their tenant', async () => {
    const [tenantId, neighbour] = [await aTenantWithRoles(), await aTenantWithRoles()];
    const [userId, stranger] = [await aUser(tenantId), await aUser(neighbour)];
    await roles().setRolesOf(tenantId, { kind: 'user', id: userId }, ['robot']);
    expect(await roles().rolesOfUser({ tenantId: neighbour, userId, groups: [] })).to.deep.equal([]);
    for (const nobody of [stranger, uuidv7(), 'ann', '']) {
      expect(await roles().setRolesOf(tenantId, { kind: 'user', id: nobody }, ['robot'])).to.include({
        reason: 'unknown-user',
      });
    }
    const bystander = await aTenantId(db());
    expect(await roles().rolesOfClient(bystander, 'importer')).to.deep.equal([]);
    expect(await roles().permissionsOf(bystander, ['robot'])).to.deep.equal([]);
    const foreignRole = db().query(
      `insert into role_holders (tenant_id, role_id, kind, holder, owner)
       select $1, id, 'user', $2, 'api' from roles where tenant_id = $3 limit 1`,
      [tenantId, userId, neighbour],
    );
    expect(await foreignRole.catch(() => 'refused')).to.equal('refused');
  });
});
