// What one connection knows: who it is bound as, and what that identity may do. Administrators write everything, anybody bound
// reads everything but passwords, and people change a little of their own.

import type { Entry } from './entry.ts';
import { LdapRefusal } from './ldap-refusal.ts';
import type { PasswordPolicy } from './password-policy.ts';
import type { DirectoryTree } from './tree.ts';

/** One server's data and rules. */
export interface DirectoryContext {
  tree: DirectoryTree;
  policy: PasswordPolicy;
  suffix: string;
  admin: { dn: string; password: string };
  /** Entries in one answer, or in one page of it. */
  sizeLimit: number;
  /** Values of one attribute in one answer (ranges.ts). */
  maxValRange: number | undefined;
  capabilities: readonly string[];
  offersStartTls: boolean;
}

export type Identity =
  { kind: 'nobody' } | { kind: 'admin'; dn: string } | { kind: 'entry'; entry: Entry; mustChange: boolean };

const OWN_ATTRIBUTES = new Set(['userpassword', 'mail', 'mobile', 'telephonenumber']);

/** @throws LdapRefusal; who is not bound does not even learn what is there. */
export function requireRead(identity: Identity): void {
  if (identity.kind === 'nobody') throw new LdapRefusal('noSuchObject');
  if (identity.kind === 'entry' && identity.mustChange) {
    throw new LdapRefusal('insufficientAccessRights', 'change the password first');
  }
}

/** @throws LdapRefusal; without an entry for everybody but the administrator. */
export function requireWrite(identity: Identity, entry?: Entry, attributes: readonly string[] = []): void {
  if (identity.kind === 'admin') return;
  const own = identity.kind === 'entry' && identity.entry === entry && attributes.length > 0;
  const allowed = attributes.every((name) => OWN_ATTRIBUTES.has(name.toLowerCase()));
  if (!own || !allowed) throw new LdapRefusal('insufficientAccessRights');
}
