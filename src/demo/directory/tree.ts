// The entries by their DNs. It refuses what would leave the tree broken; who may do what is for the operations to say.

import { randomUUID } from 'node:crypto';

import type { Dn, NamePart, Rdn } from '../../directory/distinguished-name.ts';
import { comparableDn, dnKey, formatDn, parseDn } from '../../directory/distinguished-name.ts';
import { comparable, isOwnDn, isReadOnly, MEMBER_ATTRIBUTES } from './attributes.ts';
import type { Attributes, Change, Entry } from './entry.ts';
import { applyChanges, checkEntry, hasValue } from './entry.ts';
import { LdapRefusal } from './ldap-refusal.ts';
import { Memberships } from './memberships.ts';

export type Scope = 'base' | 'one' | 'sub' | 'children';

export class DirectoryTree {
  readonly #suffix: string;
  readonly #entries = new Map<string, Entry>();
  readonly #memberships = new Memberships();

  /** `suffix` is the DN of the topmost entry, the only one without a parent. */
  constructor(suffix: string) {
    this.#suffix = dnKey(readDn(suffix));
  }

  find(dn: string): Entry | undefined {
    return this.#entries.get(dnKey(readDn(dn)));
  }

  get(dn: string): Entry {
    const entry = this.find(dn);
    if (!entry) throw new LdapRefusal('noSuchObject');
    return entry;
  }

  inScope(base: Entry, scope: Scope): Entry[] {
    if (scope === 'base') return [base];
    const entries = [...this.#entries.values()];
    if (scope === 'one') return entries.filter(({ parentKey }) => parentKey === base.key);
    return entries.filter((entry) => isBelow(entry.key, base.key) || (scope === 'sub' && entry === base));
  }

  /** The values of an attribute, those included that the server works out. */
  values(entry: Entry, name: string): readonly string[] {
    const id = name.toLowerCase();
    if (isOwnDn(id)) return [entry.dn];
    if (id === 'memberof') return this.#memberships.directGroups(entry.key).map(({ dn }) => dn);
    return entry.attributes.get(id)?.values ?? [];
  }

  /** Whether one of the values is equal to this one, which is in the form that attributes.ts compares. */
  hasForm(entry: Entry, name: string, form: string): boolean {
    if (isOwnDn(name)) return entry.key === form;
    const own = entry.attributes.get(name.toLowerCase());
    return own ? own.forms.has(form) : this.values(entry, name).some((value) => comparable(name, value) === form);
  }

  /** Direct and nested groups of the entry with this key. */
  allGroups(key: string): ReadonlySet<Entry> {
    return this.#memberships.allGroups(key);
  }

  /** Passwords in plain text are hashed. */
  add(dn: string, attributes: readonly Omit<Change, 'kind'>[]): void {
    const parsed = readDn(dn);
    const [rdn = [], ...parent] = parsed;
    const key = dnKey(parsed);
    const parentKey = dnKey(parent);
    if (this.#entries.has(key)) throw new LdapRefusal('entryAlreadyExists');
    if (key !== this.#suffix && !this.#entries.has(parentKey)) throw new LdapRefusal('noSuchObject', 'no such parent');
    const given = attributes.map(({ name, values }): Change => ({ kind: 'add', name, values }));
    checkWritable(given);
    const own = applyChanges(new Map(), given);
    const id: Change = { kind: 'add', name: 'entryUUID', values: [randomUUID()] };
    const entry = { dn, key, parentKey, attributes: applyChanges(own, [...missingNames(own, rdn), id]) };
    checkEntry(entry.attributes, rdn);
    this.#entries.set(key, entry);
    this.#memberships.record(entry);
  }

  modify(entry: Entry, changes: readonly Change[]): void {
    checkWritable(changes);
    const attributes = applyChanges(entry.attributes, changes);
    checkEntry(attributes, readDn(entry.dn)[0] ?? []);
    this.#setAttributes(entry, attributes);
  }

  /** What the server itself writes down: password policy's state. */
  setOperational(entry: Entry, name: string, values: readonly string[]): void {
    this.#setAttributes(entry, applyChanges(entry.attributes, [{ kind: 'replace', name, values }]));
  }

  /** Groups lose the member too, as with OpenLDAP's overlay refint. */
  delete(entry: Entry): void {
    if (this.inScope(entry, 'one').length > 0) throw new LdapRefusal('notAllowedOnNonLeaf');
    this.#memberships.forget(entry);
    this.#entries.delete(entry.key);
    this.#replaceMember(entry.key, []);
  }

  /** Renames, moves or both, with all that is below; groups keep their members. */
  rename(entry: Entry, newRdn: string, deleteOldRdn: boolean, newSuperior: string | undefined): void {
    const [rdn, ...more] = readDn(newRdn);
    const [oldRdn = [], ...oldParent] = readDn(entry.dn);
    if (!rdn || more.length > 0) throw new LdapRefusal('invalidDNSyntax', newRdn);
    const parent = newSuperior === undefined ? oldParent : readDn(this.get(newSuperior).dn);
    const key = dnKey([rdn, ...parent]);
    if (isBelow(key, entry.key)) throw new LdapRefusal('unwillingToPerform', 'an entry cannot be below itself');
    if (key !== entry.key && this.#entries.has(key)) throw new LdapRefusal('entryAlreadyExists');

    const changes = renaming(entry.attributes, oldRdn, rdn, deleteOldRdn);
    this.#setAttributes(entry, applyChanges(entry.attributes, changes));
    const depth = oldParent.length + 1;
    for (const moved of this.inScope(entry, 'sub')) {
      const own = readDn(moved.dn);
      this.#move(moved, [...own.slice(0, own.length - depth), rdn, ...parent]);
    }
  }

  #move(entry: Entry, to: Dn): void {
    const oldKey = entry.key;
    this.#entries.delete(oldKey);
    entry.dn = formatDn(to);
    entry.key = dnKey(to);
    entry.parentKey = dnKey(to.slice(1));
    this.#entries.set(entry.key, entry);
    this.#replaceMember(oldKey, [entry.dn]);
  }

  #replaceMember(oldKey: string, replacement: readonly string[]): void {
    for (const group of this.#memberships.directGroups(oldKey)) {
      const changes = MEMBER_ATTRIBUTES.flatMap((name): Change[] => {
        const members = this.values(group, name);
        const others = members.filter((dn) => comparableDn(dn) !== oldKey);
        const values = [...others, ...replacement];
        return others.length < members.length ? [{ kind: 'replace', name, values }] : [];
      });
      this.#setAttributes(group, applyChanges(group.attributes, changes));
    }
  }

  #setAttributes(entry: Entry, attributes: Attributes): void {
    this.#memberships.forget(entry);
    entry.attributes = attributes;
    this.#memberships.record(entry);
  }
}

/** @throws LdapRefusal invalidDNSyntax */
function readDn(text: string): Dn {
  try {
    return parseDn(text);
  } catch {
    throw new LdapRefusal('invalidDNSyntax', text);
  }
}

/** Keys escape the commas and equals signs of their values, so that only a parent's key can end one. */
function isBelow(key: string, ancestorKey: string): boolean {
  return key.endsWith(`,${ancestorKey}`);
}

function checkWritable(changes: readonly Change[]): void {
  const readOnly = changes.find(({ name }) => isReadOnly(name));
  if (readOnly) throw new LdapRefusal('constraintViolation', `${readOnly.name}: no user modification allowed`);
}

/** What becomes of the naming values (RFC 4511 4.9). */
function renaming(attributes: Attributes, oldRdn: Rdn, newRdn: Rdn, deleteOldRdn: boolean): Change[] {
  const form = ({ type, value }: NamePart): string => `${type.toLowerCase()}=${comparable(type, value)}`;
  const kept = new Set(newRdn.map(form));
  const gone = deleteOldRdn ? oldRdn.filter((part) => !kept.has(form(part))) : [];
  const deletions = gone.map(({ type, value }): Change => ({ kind: 'delete', name: type, values: [value] }));
  return [...deletions, ...missingNames(attributes, newRdn)];
}

/** Adds the naming values that the entry does not have. */
function missingNames(attributes: Attributes, rdn: Rdn): Change[] {
  return rdn
    .filter(({ type, value }) => !hasValue(attributes, type, value))
    .map(({ type, value }) => ({ kind: 'add', name: type, values: [value] }));
}
