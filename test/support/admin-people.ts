// People for tests of the admin API.

import { v7 as uuidv7 } from 'uuid';

import type { Tenant } from '../../src/tenants/tenants.ts';
import type { UserProfile, UserStatus } from '../../src/users/users.ts';
import type { TestAdmin } from './admin.ts';
import { aDirectoryId } from './tenants.ts';

export interface PersonParts {
  name?: string;
  status?: UserStatus;
  profile?: UserProfile;
}

/** The id of somebody whose account lives here. */
export async function aPerson(
  { base: { users } }: Pick<TestAdmin, 'base'>,
  tenant: Tenant,
  { name = `person-${uuidv7()}`, status = 'active', profile = {} }: PersonParts = {},
): Promise<string> {
  const made = await users.createLocal({
    tenantId: tenant.id,
    localName: name,
    passwordHash: undefined,
    profile,
    status,
  });
  if (!made.ok) throw new Error(made.reason);
  return made.value.id;
}

/** Somebody of a directory `corp`, which is made if the tenant has it not. */
export async function aDirectoryPerson(
  { base: { users, db } }: Pick<TestAdmin, 'base'>,
  tenant: Tenant,
  username: string,
) {
  const directoryId = await aDirectoryId(db, tenant.id);
  const name = username.replace(/^./, (letter) => letter.toUpperCase());
  const { user } = await users.linkDirectoryUser(tenant.id, directoryId, {
    entry: {
      stableId: `id of ${username}`,
      dn: `uid=${username},dc=acme`,
      username,
      profile: { name, email: `${username}@acme.example` },
      state: 'enabled',
    },
    groups: [{ id: 'id of staff', dn: 'cn=staff,dc=acme', name: 'staff', nameIsUnique: true, via: [] }],
    checkedAt: new Date(),
  });
  return user;
}

/** Signs somebody in: a session, the grant of an application in it, and its refresh token's row. */
export async function signedIn({ base: { sessions, db } }: Pick<TestAdmin, 'base'>, tenant: Tenant, userId: string) {
  const uid = uuidv7();
  const grantId = uuidv7();
  const clientId = 'app';
  await db.query(
    `insert into clients (tenant_id, client_id, metadata, owner) values ($1, $2, '{}', 'api') on conflict do nothing`,
    [tenant.id, clientId],
  );
  await db.query(
    `insert into grants (tenant_id, id, user_id, client_id, payload, expires_at)
     values ($1, $2, $3, $4, '{}', now() + interval '1 day')`,
    [tenant.id, grantId, userId, clientId],
  );
  await db.query(
    `insert into refresh_tokens (tenant_id, id_hash, grant_id, payload, expires_at)
     values ($1, $2, $2, '{}', now() + interval '1 day')`,
    [tenant.id, grantId],
  );
  const user = await db.one<{ proof_generation: number }>('select proof_generation from users where id = $1', [userId]);
  await sessions.save(tenant.id, {
    uid,
    id: uuidv7(),
    signIn: {
      userId,
      acr: 'mfa',
      amr: ['pwd', 'otp'],
      authTime: 1,
      proofs: [],
      proofGeneration: user?.proof_generation,
      address: '192.0.2.7',
      userAgent: 'Firefox',
    },
    authorizations: { [clientId]: { sid: uuidv7(), grantId } },
    removedClients: [],
    idle: 3600,
    absolute: 3600,
  });
  return { uid, grantId, clientId };
}
