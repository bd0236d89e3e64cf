// What a person's own entry says of their groups: memberOf, and the numbers by which it names groups.

import type { Filter } from 'ldapts';

import type { GroupSource } from './groups.ts';
import { equal, present } from './ldap/filter.ts';
import { LdapEntry } from './ldap/responses.ts';
import { resultCode } from './ldap/result-codes.ts';
import { LdapResultError } from './ldap/result-error.ts';
import { neighbouringSid } from './ldap/values.ts';

/** Without attributes, and without a question, where the schema of groups needs none. */
export async function readPerson({ search, schema }: GroupSource, dn: string): Promise<LdapEntry> {
  const attributes = membershipAttributes(schema.groups);
  const nothing = new LdapEntry(dn, new Map());
  if (attributes.length === 0) return nothing;
  try {
    const [entry] = await search({ base: dn, scope: 'base', filter: present('objectClass'), attributes });
    return entry ?? nothing;
  } catch (error) {
    // Deleted or moved since it was found. It is in no group under its old name.
    if (error instanceof LdapResultError && error.code === resultCode.noSuchObject) return nothing;
    throw error;
  }
}

function membershipAttributes({ memberOf, memberUid, primary, nesting }: GroupSource['schema']['groups']): string[] {
  return [
    ...(memberOf === null ? [] : [memberOf]),
    // What memberUid holds is the login name of RFC 2307, whatever people sign in with here.
    ...(memberUid === null ? [] : ['uid']),
    ...(primary === 'gid' ? ['gidNumber'] : []),
    ...(primary === 'rid' ? ['objectSid', 'primaryGroupID'] : []),
    ...(nesting === 'token-groups' ? ['tokenGroups'] : []),
  ];
}

/** True of the group that the person names by number (RFC 2307 3; [MS-ADA3] 2.120). */
export function primaryGroup(person: LdapEntry, { primary }: GroupSource['schema']['groups']): Filter[] {
  if (primary === 'gid') return person.values('gidNumber').map((gid) => equal('gidNumber', gid));
  const sid = primary === 'rid' ? primaryGroupSid(person) : undefined;
  return sid ? [equal('objectSid', sid)] : [];
}

export function primaryGroupSid(person: LdapEntry): Buffer | undefined {
  const [sid] = person.bytes('objectSid');
  const [rid] = person.values('primaryGroupID');
  return sid && rid !== undefined ? neighbouringSid(sid, rid) : undefined;
}
