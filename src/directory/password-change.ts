// How a person's new password is sent to the server. Each goes over a connection of its own and is sent once: a change that was
// sent twice would be told, the second time, that the old password is wrong.

import { Attribute, BerWriter, Change } from 'ldapts';

import type { Outcome } from '../outcome.ts';
import { refused } from '../outcome.ts';
import type { BindNotice, BindRefusal, PasswordRefusal } from './directory.ts';
import type { LdapClient } from './ldap/client.ts';
import type { ServerResult } from './ldap/connection.ts';
import { resultCode } from './ldap/result-codes.ts';
import { LdapResultError } from './ldap/result-error.ts';
import { BIND_REFUSED, changeOutcome } from './password-outcomes.ts';

export interface PasswordChange {
  dn: string;
  current: string;
  next: string;
}

/** RFC 3062 2 */
const PASSWORD_MODIFY = '1.3.6.1.4.1.4203.1.11.1';
const USER_IDENTITY = 0x80;
const OLD_PASSWORD = 0x81;
const NEW_PASSWORD = 0x82;

/** The answer to the change itself, or why it was not even tried. */
type Answer = ServerResult | PasswordRefusal;

export interface PasswordChanger {
  client: LdapClient;
  how: 'password-modify' | 'unicode-pwd';
  /** What a bind's answer means for this person. */
  bindOutcome(result: ServerResult): Outcome<BindNotice, BindRefusal>;
}

/** @throws LdapResultError when the answer is about the server and not this change, or whatever ended the connection. */
export async function changePassword(
  changer: PasswordChanger,
  change: PasswordChange,
): Promise<Outcome<void, PasswordRefusal>> {
  const isModify = changer.how === 'unicode-pwd';
  const answer = await (isModify ? modifyUnicodePwd(changer, change) : modifyPassword(changer, change));
  if (typeof answer === 'string') return refused(answer);
  const outcome = changeOutcome(answer);
  if (!outcome) throw new LdapResultError(isModify ? 'modify' : 'extended', answer).by(answer.server);
  return outcome;
}

/**
 * RFC 3062, as the person. Nobody is bound whose password has expired; there the server may take the operation all the same, since
 * it carries the old password: on that very connection (OpenLDAP), or from a service account that has the right.
 */
async function modifyPassword({ client, bindOutcome }: PasswordChanger, change: PasswordChange): Promise<Answer> {
  const value = passwordModifyRequest(change);
  let isBound = true;
  const answer = await client.once(async (connection): Promise<Answer> => {
    const bind = bindOutcome(await connection.bind(change.dn, change.current));
    const refusal = bind.ok ? undefined : BIND_REFUSED[bind.reason];
    if (refusal) return refusal;
    isBound = bind.ok || bind.reason !== 'expired';
    return connection.extended(PASSWORD_MODIFY, value);
  });
  const isRefused = typeof answer === 'string' || !NOT_AS_NOBODY.has(answer.code);
  return isBound || isRefused ? answer : client.once((connection) => connection.extended(PASSWORD_MODIFY, value));
}

/** What servers say to somebody who is not bound. */
const NOT_AS_NOBODY: ReadonlySet<number> = new Set([
  resultCode.operationsError,
  resultCode.strongerAuthRequired,
  resultCode.inappropriateAuthentication,
  resultCode.insufficientAccessRights,
  resultCode.unwillingToPerform,
]);

/** lldap asks for the identity even of somebody's own password; every server takes it. */
function passwordModifyRequest({ dn, current, next }: PasswordChange): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeString(dn, USER_IDENTITY);
  writer.writeString(current, OLD_PASSWORD);
  writer.writeString(next, NEW_PASSWORD);
  writer.endSequence();
  return writer.buffer;
}

/**
 * As Active Directory wants it ([MS-ADTS] 3.1.1.3.1.5.2): the old value is deleted and the new one added, in one request. Whoever
 * sends it, it proves the old password, and the rules for a person's own change apply. So the service account does: who must change
 * their password cannot bind.
 */
function modifyUnicodePwd({ client }: PasswordChanger, { dn, current, next }: PasswordChange): Promise<Answer> {
  const change = (operation: 'delete' | 'add', password: string): Change =>
    new Change({ operation, modification: new Attribute({ type: 'unicodePwd', values: [unicodePwd(password)] }) });
  return client.once((connection) => connection.modify(dn, [change('delete', current), change('add', next)]));
}

/** [MS-ADTS] 3.1.1.3.1.5.1 */
function unicodePwd(password: string): Buffer {
  return Buffer.from(`"${password}"`, 'utf16le');
}
