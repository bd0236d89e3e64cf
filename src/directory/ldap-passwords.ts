// People's passwords on the wire: whether one may be sent at all, what the answer means, and how a new one is set.

import type { Outcome } from '../outcome.ts';
import { refused } from '../outcome.ts';
import { isLoopback } from '../loopback.ts';
import type { BindNotice, BindRefusal, DirectoryUser, PasswordRefusal } from './directory.ts';
import type { LdapClient } from './ldap-client.ts';
import { LdapResultError } from './ldap-connection.ts';
import { changePassword } from './ldap-password-change.ts';
import type { LdapResult } from './ldap-responses.ts';
import type { LdapServer } from './ldap-transport.ts';
import { bindOutcome } from './outcomes.ts';
import type { DirectorySchema } from './presets.ts';

/** What of a person counts for their password. */
export type PasswordOwner = Pick<DirectoryUser, 'dn' | 'state' | 'passwordExpiresAt' | 'bindsLeft'>;

export interface LdapPasswords {
  /** Whether they may be changed: the settings say how, and nobody else can read what is sent. */
  changeable: boolean;
  bind(user: PasswordOwner, password: string): Promise<Outcome<BindNotice, BindRefusal>>;
  change(user: PasswordOwner, current: string, next: string): Promise<Outcome<void, PasswordRefusal>>;
}

export interface LdapPasswordsOptions {
  client: LdapClient;
  servers: readonly LdapServer[];
  schema: DirectorySchema;
  now(): Date;
}

const MAX_PASSWORD_BYTES = 1024;

export function ldapPasswords({ client, servers, schema, now }: LdapPasswordsOptions): LdapPasswords {
  const { change: how, warnDays } = schema.passwords;
  const activeDirectory = schema.lockout === 'activedirectory';
  const changeable = how !== 'no' && servers.every(({ security, host }) => security !== 'none' || isLoopback(host));

  const outcomeOf = (user: PasswordOwner, result: LdapResult): Outcome<BindNotice, BindRefusal> => {
    const outcome = bindOutcome(result, { user, activeDirectory, warnDays, now: now() });
    if (!outcome) throw new LdapResultError('bind', result);
    return outcome;
  };

  return {
    changeable,

    bind: async (user, password) => {
      if (!isPassword(password)) return refused('bad-credentials');
      if (isNearlyLocked(user)) return refused('nearly-locked');
      return outcomeOf(user, await client.bind(user.dn, password));
    },

    change: async (user, current, next) => {
      if (how === 'no' || !changeable || user.state !== 'enabled') return refused('not-allowed');
      if (!isPassword(current)) return refused('bad-credentials');
      if (!isPassword(next)) return refused('rejected');
      // The old password is proven on the way, and a wrong one counts like any other.
      if (isNearlyLocked(user)) return refused('locked');
      const changer = { client, how, bindOutcome: (result: LdapResult) => outcomeOf(user, result) };
      return changePassword(changer, { dn: user.dn, current, next });
    },
  };
}

/** One more failure would lock the account: everywhere, not just here. */
function isNearlyLocked({ bindsLeft = Infinity }: PasswordOwner): boolean {
  return bindsLeft <= 1;
}

/**
 * Whether a password may be sent at all. An empty one makes an anonymous bind that succeeds (RFC 4513 5.1.2), and a server that
 * reads C strings takes one that begins with a NUL for empty. Half a surrogate pair becomes another character on its way.
 */
function isPassword(password: string): boolean {
  const isText = password !== '' && !password.includes('\0') && password.isWellFormed();
  return isText && Buffer.byteLength(password) <= MAX_PASSWORD_BYTES;
}
