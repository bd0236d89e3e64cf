// Bind (RFC 4511 4.2): the simple method only (RFC 4513 5.1).

import { comparableDn } from '../../directory/distinguished-name.ts';
import { LdapRefusal } from './ldap-refusal.ts';
import { policyControls } from './password-policy.ts';
import type { BindOperation, RequestControl } from './requests.ts';
import type { Result } from './responses.ts';
import type { DirectoryContext, Identity } from './session.ts';

export interface Bound {
  identity: Identity;
  result: Result;
}

export function bind(
  { tree, policy, admin }: DirectoryContext,
  { version, dn, password }: BindOperation,
  controls: readonly RequestControl[],
): Bound {
  const nobody: Identity = { kind: 'nobody' };
  if (version !== 3) throw new LdapRefusal('protocolError', 'LDAPv3 only');
  if (password === undefined) throw new LdapRefusal('authMethodNotSupported', 'simple binds only');
  if (password === '' && dn !== '') throw new LdapRefusal('unwillingToPerform', 'a name without a password');
  if (dn === '') return { identity: nobody, result: { code: 'success' } };
  if (comparableDn(dn) === comparableDn(admin.dn) && password === admin.password) {
    return { identity: { kind: 'admin', dn: admin.dn }, result: { code: 'success' } };
  }

  const entry = tree.find(dn);
  const check = entry ? policy.check(entry, password) : 'wrong';
  const bound = entry && (check === 'right' || check === 'must-change');
  return {
    identity: bound ? { kind: 'entry', entry, mustChange: check === 'must-change' } : nobody,
    result: { code: bound ? 'success' : 'invalidCredentials', controls: policyControls(check, controls) },
  };
}
