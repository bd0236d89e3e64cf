// People's passwords on the wire: whether one may be sent at all, what the answer means, and how a new one is set.

import { isLoopback } from '../loopback.ts';
import type { Outcome } from '../outcome.ts';
import { refused } from '../outcome.ts';
import { isPassword } from '../security/password-text.ts';
import { bindOutcome } from './bind-outcomes.ts';
import type { BindNotice, BindRefusal, DirectoryUser, PasswordRefusal } from './directory.ts';
import type { LdapClient } from './ldap/client.ts';
import type { ServerResult } from './ldap/connection.ts';
import { LdapResultError } from './ldap/result-error.ts';
import type { LdapServer } from './ldap/transport.ts';
import { changePassword } from './password-change.ts';
import type { DirectorySchema } from './presets.ts';

/** What of a person counts for their password. */
export type PasswordOwner = Pick<DirectoryUser, 'dn' | 'state' | 'passwordExpiresAt' | 'bindsLeft'>;

export interface LdapPasswords {
  /** Whether they may be changed: the settings say how, and nobody else can read what is sent. */
  changeable: boolean;
  bind(user: PasswordOwner, password: string, last?: boolean): Promise<Outcome<BindNotice, BindRefusal>>;
  change(user: PasswordOwner, current: string, next: string, last?: boolean): Promise<Outcome<void, PasswordRefusal>>;
}

export interface LdapPasswordsOptions {
  client: LdapClient;
  servers: readonly LdapServer[];
  schema: DirectorySchema;
  now(): Date;
}

export function ldapPasswords({ client, servers, schema, now }: LdapPasswordsOptions): LdapPasswords {
  const { change: how, warnDays } = schema.passwords;
  const changeable = how !== 'no' && servers.every(({ security, host }) => security !== 'none' || isLoopback(host));

  const outcomeOf = (user: PasswordOwner, result: ServerResult): Outcome<BindNotice, BindRefusal> => {
    const outcome = bindOutcome(result, { user, warnDays, now: now() });
    if (!outcome) throw new LdapResultError('bind', result).by(result.server);
    return outcome;
  };

  return {
    changeable,

    bind: async (user, password, last = false) => {
      if (!isPassword(password)) return refused('bad-credentials');
      if (!last && isNearlyLocked(user)) return refused('nearly-locked');
      return outcomeOf(user, await client.bind(user.dn, password));
    },

    change: async (user, current, next, last = false) => {
      if (how === 'no' || !changeable || user.state !== 'enabled') return refused('not-allowed');
      if (!isPassword(current)) return refused('bad-credentials');
      if (!isPassword(next)) return refused('rejected');
      // The old password is proven on the way, and a wrong one counts like any other.
      if (!last && isNearlyLocked(user)) return refused('nearly-locked');
      const changer = { client, how, bindOutcome: (result: ServerResult) => outcomeOf(user, result) };
      return changePassword(changer, { dn: user.dn, current, next });
    },
  };
}

/** One more failure would lock the account: everywhere, not just here. */
function isNearlyLocked({ bindsLeft = Infinity }: PasswordOwner): boolean {
  return bindsLeft <= 1;
}
