// Extended operations (RFC 4511 4.12): Who am I? (RFC 4532) and Password Modify (RFC 3062). StartTLS is the connection's.

import { berCursor } from '../../directory/ldap/ber.ts';
import { LdapRefusal } from './ldap-refusal.ts';
import { passwordMatches } from './password-hash.ts';
import type { ExtendedOperation } from './requests.ts';
import type { Result } from './responses.ts';
import type { DirectoryContext, Identity } from './session.ts';
import { requireWrite } from './session.ts';

export const START_TLS = '1.3.6.1.4.1.1466.20037';
export const WHO_AM_I = '1.3.6.1.4.1.4203.1.11.3';
export const PASSWORD_MODIFY = '1.3.6.1.4.1.4203.1.11.1';

const MIN_PASSWORD_LENGTH = 8;

export function extended(context: DirectoryContext, identity: Identity, { oid, value }: ExtendedOperation): Result {
  if (oid === WHO_AM_I) return { code: 'success', value: Buffer.from(authorizationId(identity)) };
  if (oid === PASSWORD_MODIFY) return modifyPassword(context, identity, value);
  throw new LdapRefusal('protocolError', `unsupported extended operation ${oid}`);
}

function authorizationId(identity: Identity): string {
  if (identity.kind === 'nobody') return '';
  return `dn:${identity.kind === 'admin' ? identity.dn : identity.entry.dn}`;
}

function modifyPassword({ tree, policy }: DirectoryContext, identity: Identity, value: Buffer | undefined): Result {
  if (identity.kind === 'nobody') throw new LdapRefusal('strongerAuthRequired', 'bind first');
  const { user, old, next } = readPasswordModify(value);
  const own = identity.kind === 'entry' ? identity.entry : undefined;
  const entry = user === undefined ? own : tree.get(user);
  if (!entry) throw new LdapRefusal('unwillingToPerform', 'whose password?');
  requireWrite(identity, entry, ['userPassword']);
  const stored = tree.values(entry, 'userPassword');
  if (old !== undefined && !stored.some((hash) => passwordMatches(hash, old))) {
    throw new LdapRefusal('unwillingToPerform', 'unwilling to verify old password');
  }
  if (next === undefined || next.length < MIN_PASSWORD_LENGTH) {
    throw new LdapRefusal('constraintViolation', 'Password fails quality checking policy');
  }
  tree.modify(entry, [{ kind: 'replace', name: 'userPassword', values: [next] }]);
  policy.passwordChanged(entry, entry === own);
  if (identity.kind === 'entry' && entry === own) identity.mustChange = false;
  return { code: 'success' };
}

function readPasswordModify(value: Buffer | undefined): Partial<Record<'user' | 'old' | 'next', string>> {
  if (!value) return {};
  const fields = berCursor(value).enter();
  const optional = (tag: number): string | undefined => (fields.peek() === tag ? fields.text(tag) : undefined);
  return { user: optional(0x80), old: optional(0x81), next: optional(0x82) };
}
