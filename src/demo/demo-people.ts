// The demo's people as the story needs them: who has a second factor already, and an administrator whose account lives here.

import { randomBytes } from 'node:crypto';

import type { Core } from '../compose-core.ts';
import type { Configuration } from '../config.ts';
import { createLdapDirectory } from '../directory/directory-ldap.ts';
import { totpSecret } from '../second-factors/totp.ts';
import type { Tenant } from '../tenants/tenants.ts';

export interface DemoUser {
  tenant: string;
  username: string;
  password: string;
  /** Base32, for an authenticator app (SHA1, six digits, 30 s). */
  totpSecret?: string;
  note: string;
}

const FROM_THE_DIRECTORY: readonly Omit<DemoUser, 'password'>[] = [
  { tenant: 'acme', username: 'ann', note: 'no second factor yet: enrols one' },
  { tenant: 'acme', username: 'tom', note: 'has TOTP, by the secret below; in two groups named managers' },
  { tenant: 'acme', username: 'lou', note: 'locked in the directory, which looks like a wrong password' },
  { tenant: 'acme', username: 'max', note: 'has to choose a new password, then enrols a second factor' },
  { tenant: 'globex', username: 'gail', note: 'in admins: gets a code by text message or mail, in the inbox' },
  { tenant: 'globex', username: 'gus', note: 'asked for the password alone' },
];

export async function seedPeople(core: Core, configured: Configuration['tenants']): Promise<DemoUser[]> {
  const acme = await core.tenants.bySlug('acme');
  if (!acme) throw new Error('the demo has no tenant acme');
  const secret = await giveTotp(core, acme, configured, 'tom');
  const people = FROM_THE_DIRECTORY.map((person) => ({
    ...person,
    password: `${person.username}-demo-1234`,
    ...(person.username === 'tom' ? { totpSecret: secret } : {}),
  }));
  return [...people, await addAdministrator(core, acme)];
}

async function giveTotp(
  core: Core,
  tenant: Tenant,
  configured: Configuration['tenants'],
  login: string,
): Promise<string> {
  const [source] = tenant.directories;
  const declared = configured[tenant.slug]?.directories[source?.name ?? ''];
  if (!source || !declared) throw new Error(`the demo's tenant ${tenant.slug} has no directory`);
  const { settings, bindPassword = '' } = declared;
  const directory = createLdapDirectory({ name: source.name, settings, bindPassword });
  try {
    const found = await directory.find(login);
    if (!found.ok) throw new Error(`the demo's directory has no ${login}`);
    const answer = { entry: found.value, groups: await directory.groupsOf(found.value), checkedAt: new Date() };
    const { user } = await core.users.linkDirectoryUser(tenant.id, source.id, answer);
    const key = base32(randomBytes(20));
    await core.enrolments.add(tenant.id, user.id, {
      factor: 'totp',
      name: 'totp',
      secret: totpSecret({ algorithm: 'SHA1', digits: 6, period: 30 }, key),
    });
    return key;
  } finally {
    await directory.close();
  }
}

async function addAdministrator(core: Core, tenant: Tenant): Promise<DemoUser> {
  const password = 'administrator-demo-1234';
  const created = await core.users.createLocal({
    tenantId: tenant.id,
    localName: 'admin',
    passwordHash: await core.passwordHash.hash(password),
    profile: { name: 'The administrator', email: 'admin@acme.test' },
  });
  if (!created.ok) throw new Error('the demo has an administrator already');
  await core.roles.setRolesOf(tenant.id, { kind: 'user', id: created.value.id }, ['administrator']);
  return { tenant: tenant.slug, username: 'admin@local', password, note: 'administrator; an account that lives here' };
}

/** RFC 4648 6, without padding: 20 bytes make 32 characters exactly. */
function base32(bytes: Buffer): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits.replace(/.{5}/g, (five) => alphabet.charAt(parseInt(five, 2)));
}
