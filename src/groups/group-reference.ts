// How configuration names a group. A directory's: by DN, by its immutable id, or by its name where that is unique in the
// directory. One that lives here: by its id, or as `local:<name>`. What a group gives is roles/ and policy/.

import type { DirectoryGroup } from '../directory/directory.ts';
import { comparableDn, isDn, prepare } from '../directory/distinguished-name.ts';
import { isLocal } from './local-membership.ts';
import type { LocalMembership } from './local-membership.ts';

export type NamedDirectoryGroup = Pick<DirectoryGroup, 'id' | 'dn' | 'name' | 'nameIsUnique'>;
export type NamedGroup = NamedDirectoryGroup | Pick<LocalMembership, 'local' | 'id' | 'name'>;

/** So that no group that lives here is taken for a directory's, nor one of a directory for one that lives here. */
const LOCAL_PREFIX = 'local:';

/** entryUUID and objectGUID, or nsUniqueId. */
const ID_FORM = /^[0-9a-f]{8}-(?:(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})$/i;

/**
 * Answers whether a person with these groups is a member of the group that a reference names. A name that means two groups
 * names neither. What reads as a DN or an id is never taken for a name: else who may name a group could make it pass for another.
 */
export function membershipIn(groups: readonly NamedGroup[]): (reference: string) => boolean {
  const local = groups.filter(isLocal);
  const ofDirectory = groups.flatMap((group) => (isLocal(group) ? [] : [group]));
  const ids = new Set(groups.map((group) => group.id.toLowerCase()));
  const dns = new Set(ofDirectory.map((group) => comparableDn(group.dn)));
  const names = new Set(ofDirectory.filter((group) => group.nameIsUnique).map((group) => prepare(group.name)));
  const localNames = new Set(local.map((group) => prepare(group.name)));

  return (reference) => {
    const localName = localNameIn(reference);
    if (localName !== undefined) return localNames.has(localName);
    if (ids.has(reference.toLowerCase())) return true;
    if (isDn(reference)) return dns.has(comparableDn(reference));
    return !isIdForm(reference) && names.has(prepare(reference));
  };
}

/** What configuration, and a token's claim, calls a group that lives here. */
export function localReference(name: string): string {
  return LOCAL_PREFIX + name;
}

export function isLocalReference(reference: string): boolean {
  return prepare(reference).startsWith(LOCAL_PREFIX);
}

/** Which group that lives here a reference names, in the form that names are compared in; undefined where it names none by its name. */
export function localNameIn(reference: string): string | undefined {
  return isLocalReference(reference) ? prepare(reference.trimStart().slice(LOCAL_PREFIX.length)) : undefined;
}

/** Whether a text reads as an id, a DN or a reference, so that no group that lives here may be called so. */
export function readsAsReference(name: string): boolean {
  return isIdForm(name) || isDn(name) || isLocalReference(name);
}

function isIdForm(text: string): boolean {
  return ID_FORM.test(text);
}
