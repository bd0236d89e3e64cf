// One entry, and how changes (RFC 4511 4.6) alter its attributes.

import type { Rdn } from '../../directory/distinguished-name.ts';
import { comparable, isPassword } from './attributes.ts';
import type { ResultCode } from './ldap-result.ts';
import { LdapRefusal } from './ldap-result.ts';
import { hashPassword } from './password-hash.ts';

export interface Entry {
  dn: string;
  /** The DN in the one form by which entries are found (distinguished-name.ts). */
  key: string;
  parentKey: string;
  attributes: Attributes;
}

/** By name in lower case; `name` is as it was first written. */
export type Attributes = ReadonlyMap<string, { name: string; values: readonly string[] }>;

export interface Change {
  kind: 'add' | 'delete' | 'replace';
  name: string;
  /** None, in a deletion, means all. */
  values: readonly string[];
}

/** @throws LdapRefusal where a value to add is there or one to delete is not. */
export function applyChanges(attributes: Attributes, changes: readonly Change[]): Attributes {
  const changed = new Map(attributes);
  for (const change of changes) {
    const id = change.name.toLowerCase();
    const { name, values } = changed.get(id) ?? { name: change.name, values: [] };
    const left = applyChange(values, change);
    if (left.length > 0) changed.set(id, { name, values: left });
    else changed.delete(id);
  }
  return changed;
}

function applyChange(current: readonly string[], { kind, name, values }: Change): readonly string[] {
  const given = isPassword(name) ? values.map(hashPassword) : values;
  const form = (value: string): string => comparable(name, value);
  if (kind === 'delete') {
    const gone = new Set(given.map(form));
    const left = given.length === 0 ? [] : current.filter((value) => !gone.has(form(value)));
    if (current.length - left.length < Math.max(gone.size, 1)) throw new LdapRefusal('noSuchAttribute', name);
    return left;
  }
  const result = kind === 'add' ? [...current, ...given] : given;
  if (new Set(result.map(form)).size < result.length) throw new LdapRefusal('attributeOrValueExists', name);
  return result;
}

/** Every entry has a class, and the values that name it (RFC 4512 2.3). */
export function checkEntry(attributes: Attributes, rdn: Rdn, refusal: ResultCode): void {
  if (!attributes.has('objectclass')) throw new LdapRefusal('objectClassViolation', 'no objectClass');
  for (const { type, value } of rdn) {
    const values = attributes.get(type.toLowerCase())?.values ?? [];
    const named = values.some((own) => comparable(type, own) === comparable(type, value));
    if (!named) throw new LdapRefusal(refusal, `the naming value ${type}=${value} is not in the entry`);
  }
}
