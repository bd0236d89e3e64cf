// A password that somebody gives to an account that lives here: held against the rules, then hashed.

import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import type { Ask } from '../policy/ask.ts';
import { isAskedByTenant } from '../policy/required-proof.ts';
import { PASSWORD_LENGTH, checkPassword } from '../security/password-policy.ts';
import type { PasswordWeakness } from '../security/password-policy.ts';
import { isPassword } from '../security/password-text.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { User } from './users.ts';

/** `unusable`: no text that anybody can type. */
export type NewPasswordRefusal = PasswordWeakness | 'unusable';

/** The person is undefined until there is an account; what is known of them makes a password personal. */
export interface PasswordOwner extends Pick<User, 'username' | 'profile'> {
  user: User | undefined;
}

/** Answers the hash. To be called outside a unit of work: it takes a while. */
export type NewPassword = (
  tenant: Tenant,
  owner: PasswordOwner,
  password: string,
) => Promise<Outcome<string, NewPasswordRefusal>>;

export function createNewPassword({
  ask,
  hash,
}: {
  ask: Ask;
  hash(tenant: Tenant, password: string): Promise<string>;
}): NewPassword {
  return async (tenant, owner, password) => {
    if (!isPassword(password)) return refused('unusable');
    const withSecondFactor = await asksForMore(ask, tenant, owner.user);
    const checked = checkPassword(password, { withSecondFactor, knownWords: knownWordsOf(tenant, owner) });
    return checked.ok ? accepted(await hash(tenant, password)) : checked;
  };
}

/** In characters: shorter where the tenant asks this person for a second factor as well. */
export async function shortestPassword(ask: Ask, tenant: Tenant, user: User): Promise<number> {
  return (await asksForMore(ask, tenant, user)) ? PASSWORD_LENGTH.withSecondFactor : PASSWORD_LENGTH.alone;
}

async function asksForMore(ask: Ask, { settings: { policy } }: Tenant, user: User | undefined): Promise<boolean> {
  return isAskedByTenant(await ask({ policy, client: undefined, request: undefined, user, now: Date.now() / 1000 }));
}

/** What a guesser tries first: the tenant's names, and the person's own. */
export function knownWordsOf(
  { slug, name }: Pick<Tenant, 'slug' | 'name'>,
  { username, profile }: Pick<User, 'username' | 'profile'>,
): string[] {
  const { name: fullName, givenName, familyName, nickname, email } = profile;
  return [slug, name, username, fullName, givenName, familyName, nickname, email].filter((word) => word !== undefined);
}
