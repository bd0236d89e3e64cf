// One entry, and how changes (RFC 4511 4.6) alter its attributes.

import type { Rdn } from '../../directory/distinguished-name.ts';
import { comparable, isPassword, withSuperclasses } from './attributes.ts';
import { LdapRefusal } from './ldap-refusal.ts';
import { hashPassword } from './password-hash.ts';

export interface Entry {
  dn: string;
  /** The DN in the one form by which entries are found (distinguished-name.ts). */
  key: string;
  parentKey: string;
  attributes: Attributes;
}

/** By name in lower case. */
export type Attributes = ReadonlyMap<string, Attribute>;

export interface Attribute {
  /** As it was first written. */
  name: string;
  values: readonly string[];
  /** The values in the form in which equal ones are equal (attributes.ts). */
  forms: ReadonlySet<string>;
}

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
    const attribute = attributeOf(name, applyChange(values, change));
    if (attribute.values.length > 0) changed.set(id, attribute);
    else changed.delete(id);
  }
  return changed;
}

function attributeOf(name: string, values: readonly string[]): Attribute {
  const forms = new Set(values.map((value) => comparable(name, value)));
  if (forms.size < values.length) throw new LdapRefusal('attributeOrValueExists', name);
  return { name, values, forms: name.toLowerCase() === 'objectclass' ? withSuperclasses(forms) : forms };
}

function applyChange(current: readonly string[], { kind, name, values }: Change): readonly string[] {
  const given = isPassword(name) ? values.map(hashPassword) : values;
  if (kind === 'add') return [...current, ...given];
  if (kind === 'replace') return given;
  const gone = new Set(given.map((value) => comparable(name, value)));
  const left = gone.size === 0 ? [] : current.filter((value) => !gone.has(comparable(name, value)));
  if (current.length - left.length < Math.max(gone.size, 1)) throw new LdapRefusal('noSuchAttribute', name);
  return left;
}

/** Whether the entry itself has a value: not one that the server works out (tree.ts). */
export function hasValue(attributes: Attributes, name: string, value: string): boolean {
  return attributes.get(name.toLowerCase())?.forms.has(comparable(name, value)) ?? false;
}

/** Every entry has a class, and the values that name it (RFC 4512 2.3). */
export function checkEntry(attributes: Attributes, rdn: Rdn): void {
  if (!attributes.has('objectclass')) throw new LdapRefusal('objectClassViolation', 'no objectClass');
  const missing = rdn.find(({ type, value }) => !hasValue(attributes, type, value));
  if (missing) throw new LdapRefusal('namingViolation', `${missing.type}=${missing.value} names the entry`);
}
