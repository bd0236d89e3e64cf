// `sallyport admin`: administrators as accounts that live here, for the first one and for one who is locked out.

import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { Core } from '../compose-core.ts';
import { checkPassword } from '../security/password-policy.ts';
import { complain, print } from './output.ts';

export interface AdministratorOptions {
  tenant: string;
  username: string;
  email?: string;
  /** A file that holds the password; one is made and printed if left out. */
  passwordFile?: string;
}

/** The role that may do everything in its tenant. */
const ROLE = 'owner';

export async function createAdministrator(core: Core, options: AdministratorOptions): Promise<number> {
  const tenant = await core.tenants.bySlug(options.tenant);
  if (!tenant) return failed(`There is no tenant ${options.tenant}.`);
  const password = passwordFrom(options);
  if (password === undefined) return 1;

  const created = await core.users.createLocal({
    tenantId: tenant.id,
    localName: options.username,
    passwordHash: await core.passwordHash.hash(password.text),
    profile: options.email === undefined ? {} : { email: options.email },
  });
  if (!created.ok) {
    return failed(
      created.reason === 'taken'
        ? `There is an account ${options.username} already. \`sallyport admin set-password\` gives it a new password.`
        : `${options.username} cannot be a user name.`,
    );
  }
  await core.roles.ensureRole(tenant.id, ROLE);
  await core.roles.setRolesOfUser(tenant.id, created.value.id, [ROLE]);
  const subject = { kind: 'user', id: created.value.id } as const;
  await core.audit.record({ type: 'administrator.created', tenantId: tenant.id, subject, actor: SYSTEM });
  print(`Administrator ${options.username} of tenant ${tenant.slug}. Signs in as ${options.username}@local.`);
  if (password.made) print(`Password: ${password.text}\nIt is not shown again.`);
  return 0;
}

export async function setPassword(core: Core, options: AdministratorOptions): Promise<number> {
  const tenant = await core.tenants.bySlug(options.tenant);
  const found = tenant && (await core.users.findByLocalName(tenant.id, options.username));
  if (!tenant || !found) return failed(`There is no account ${options.username} in tenant ${options.tenant}.`);
  const password = passwordFrom(options);
  if (password === undefined) return 1;
  await core.users.storePasswordHash(tenant.id, found.user.id, await core.passwordHash.hash(password.text));
  const subject = { kind: 'user', id: found.user.id } as const;
  await core.audit.record({ type: 'password.set', tenantId: tenant.id, subject, actor: SYSTEM });
  print(`${options.username} has a new password.`);
  if (password.made) print(`Password: ${password.text}\nIt is not shown again.`);
  return 0;
}

const SYSTEM = { kind: 'system', id: 'command line' } as const;

function passwordFrom({
  passwordFile,
  username,
  tenant,
}: AdministratorOptions): { text: string; made: boolean } | undefined {
  if (passwordFile === undefined) return { text: madePassword(), made: true };
  const text = readFileSync(passwordFile, 'utf8').replace(/\r?\n$/, '');
  const checked = checkPassword(text, { withSecondFactor: false, knownWords: [username, tenant] });
  if (checked.ok) return { text, made: false };
  complain(`This password is not good enough: ${checked.reason}.`);
  return undefined;
}

/** 20 characters of an alphabet without look-alikes: 98 bits. */
function madePassword(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  const letters = Array.from({ length: 20 }, () => alphabet[randomInt(alphabet.length)]);
  return letters.join('').replace(/(.{5})(?=.)/g, '$1-');
}

function failed(reason: string): number {
  complain(reason);
  return 1;
}
