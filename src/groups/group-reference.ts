// How configuration names a directory's group: by DN, by its immutable id, or by its name where that is unique in the
// directory. What groups a person is in comes from the directory; what a group gives is roles/ and policy/.

import type { DirectoryGroup } from '../directory/directory.ts';
import { isDn, normaliseDn, prepare } from '../directory/distinguished-name.ts';

export type NamedGroup = Pick<DirectoryGroup, 'id' | 'dn' | 'name'>;

/** Whether two or more groups of one directory bear a name, compared as the directory compares names. */
export type IsAmbiguousGroupName = (name: string) => Promise<boolean>;

/** entryUUID and objectGUID, or nsUniqueId. */
const ID_FORM = /^[0-9a-f]{8}-(?:(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})$/i;

/**
 * Answers whether a person with these groups is a member of the group that a reference names. A name that means two groups names
 * neither. What reads as a DN or an id is never taken for a name, so that nobody can lend a group another one's id as its name.
 */
export function membershipIn(
  groups: readonly NamedGroup[],
  isAmbiguous: IsAmbiguousGroupName,
): (reference: string) => Promise<boolean> {
  const ids = new Set(groups.map((group) => group.id.toLowerCase()));
  const dns = new Set(groups.map((group) => comparableDn(group.dn)));
  const names = groups.map((group) => prepare(group.name));

  return async (reference) => {
    if (ids.has(reference.toLowerCase())) return true;
    const dn = comparableDn(reference);
    if (dn !== undefined) return dns.has(dn);
    if (ID_FORM.test(reference)) return false;
    const wanted = prepare(reference);
    return names.filter((name) => name === wanted).length === 1 && !(await isAmbiguous(reference));
  };
}

function comparableDn(text: string): string | undefined {
  return isDn(text) ? normaliseDn(text) : undefined;
}
