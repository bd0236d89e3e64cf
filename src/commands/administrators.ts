// `sallyport admin`: administrators as accounts that live here, for the first one and for one who is locked out.

import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { Core } from '../compose-core.ts';
import { OWNER_ROLE } from '../roles/built-in-roles.ts';
import { checkPassword } from '../security/password-policy.ts';
import { loginNameOf } from '../users/users.ts';
import { EXIT_DONE, EXIT_NOT_FOUND, EXIT_REFUSED, EXIT_USAGE } from './exit-codes.ts';
import { complain, print } from './output.ts';

export interface Administrator {
  tenant: string;
  username: string;
  /** A file that holds the password; one is made and printed if left out. */
  passwordFile?: string;
}

export interface NewAdministrator extends Administrator {
  email?: string;
}

export async function createAdministrator(core: Core, options: NewAdministrator): Promise<number> {
  const tenant = await core.tenants.bySlug(options.tenant);
  if (!tenant) return failed(EXIT_NOT_FOUND, `There is no tenant ${options.tenant}.`);
  const password = passwordFrom(options);
  if (password === undefined) return EXIT_REFUSED;

  const passwordHash = await core.passwordHash.hash(password.text);
  const profile = options.email === undefined ? {} : { email: options.email };
  const created = await core.unitOfWork(async () => {
    const user = await core.users.createLocal({
      tenantId: tenant.id,
      localName: options.username,
      passwordHash,
      profile,
    });
    if (!user.ok) return user;
    const subject = { kind: 'user', id: user.value.id } as const;
    const given = await core.roles.setRolesOf(tenant.id, subject, [OWNER_ROLE]);
    if (!given.ok) throw new Error(`the role ${OWNER_ROLE} could not be given: ${given.reason}`);
    await core.audit.record({ type: 'administrator.created', tenantId: tenant.id, subject, actor: SYSTEM });
    return user;
  });
  if (!created.ok) {
    const code = created.reason === 'malformed' ? EXIT_USAGE : EXIT_REFUSED;
    return failed(code, WHY_NOT[created.reason](options.username));
  }
  print(`Administrator ${options.username} of tenant ${tenant.slug}. Signs in as ${loginNameOf(created.value)}.`);
  if (password.made) print(`Password: ${password.text}\nIt is not shown again.`);
  return EXIT_DONE;
}

const WHY_NOT = {
  taken: (name: string) =>
    `There is an account ${name} already. \`sallyport admin set-password\` gives it a new password.`,
  malformed: (name: string) => `${name} cannot be a user name.`,
};

/** Whoever was signed in with the old one, or is about to be, is signed out, and no browser is trusted any more. */
export async function setPassword(core: Core, options: Administrator): Promise<number> {
  const tenant = await core.tenants.bySlug(options.tenant);
  const found = tenant && (await core.users.findByLocalName(tenant.id, options.username));
  if (!tenant || !found)
    return failed(EXIT_NOT_FOUND, `There is no account ${options.username} in tenant ${options.tenant}.`);
  const password = passwordFrom(options);
  if (password === undefined) return EXIT_REFUSED;

  const passwordHash = await core.passwordHash.hash(password.text);
  const subject = { kind: 'user', id: found.user.id } as const;
  await core.unitOfWork(async () => {
    await core.users.storePasswordHash(tenant.id, found.user.id, passwordHash);
    const sessions = await core.sessions.endOthers(tenant.id, found.user.id, undefined);
    const devices = await core.trustedDevices.removeAll(tenant.id, found.user.id);
    await core.audit.record({
      type: 'password.set',
      tenantId: tenant.id,
      subject,
      actor: SYSTEM,
      detail: { sessions, devices },
    });
  });
  print(`${options.username} has a new password.`);
  if (password.made) print(`Password: ${password.text}\nIt is not shown again.`);
  return EXIT_DONE;
}

const SYSTEM = { kind: 'system', id: 'command line' } as const;

function passwordFrom({ passwordFile, username, tenant }: Administrator): { text: string; made: boolean } | undefined {
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

function failed(code: number, reason: string): number {
  complain(reason);
  return code;
}
