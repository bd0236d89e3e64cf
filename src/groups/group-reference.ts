// How configuration names a directory's group: by DN, by its immutable id, or by its name where that is unique in the
// directory. What groups a person is in comes from the directory; what a group gives is roles/ and policy/.

import type { DirectoryGroup } from '../directory/directory.ts';
import { comparableDn, isDn, prepare } from '../directory/distinguished-name.ts';

export type NamedGroup = Pick<DirectoryGroup, 'id' | 'dn' | 'name' | 'nameIsUnique'>;

/** entryUUID and objectGUID, or nsUniqueId. */
const ID_FORM = /^[0-9a-f]{8}-(?:(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})$/i;

/**
 * Answers whether a person with these groups is a member of the group that a reference names. A name that means two groups
 * names neither. What reads as a DN or an id is never taken for a name: else who may name a group could make it pass for another.
 */
export function membershipIn(groups: readonly NamedGroup[]): (reference: string) => boolean {
  const ids = new Set(groups.map((group) => group.id.toLowerCase()));
  const dns = new Set(groups.map((group) => comparableDn(group.dn)));
  const names = new Set(groups.filter((group) => group.nameIsUnique).map((group) => prepare(group.name)));

  return (reference) => {
    if (ids.has(reference.toLowerCase())) return true;
    if (isDn(reference)) return dns.has(comparableDn(reference));
    return !ID_FORM.test(reference) && names.has(prepare(reference));
  };
}
