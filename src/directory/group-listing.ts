// Groups as the directory has them: searched by name, one by its id, and who is listed as a member. Which groups a person is in,
// and by which way, is memberships.ts's.

import type { Filter } from 'ldapts';

import type { DirectoryGroupEntry, GroupMembersFound, GroupsFound, GroupsQuery, StableId } from './directory.ts';
import { comparableDn, prepare } from './distinguished-name.ts';
import { groupNames } from './group-names.ts';
import type { GroupSource } from './groups.ts';
import { findGroups, inPortions, toGroup } from './groups.ts';
import { any, anyEqual, containing, equal, every, present } from './ldap/filter.ts';
import type { LdapEntry } from './ldap/responses.ts';
import { relativeId } from './ldap/values.ts';
import { stableIdValue } from './stable-id.ts';
import { people } from './users.ts';

export interface GroupListing {
  list(query: GroupsQuery): Promise<GroupsFound>;
  find(id: StableId): Promise<DirectoryGroupEntry | undefined>;
  members(id: StableId, limit: number): Promise<GroupMembersFound | undefined>;
}

export function ldapGroupListing(source: GroupSource, userBaseDn: string): GroupListing {
  const { search, schema } = source;
  const { name, member, memberUid, primary } = schema.groups;
  const numbers = primary === null ? [] : [primary === 'gid' ? 'gidNumber' : 'objectSid'];
  const memberAttributes = [...member, ...(memberUid === null ? [] : [memberUid]), ...numbers];

  async function groupById(id: StableId, attributes: readonly string[]): Promise<LdapEntry | undefined> {
    const value = stableIdValue(schema.users, id);
    if (value === undefined) return undefined;
    const [entry, another] = await findGroups(source, [equal(schema.users.stableId, value)], {
      attributes,
      sizeLimit: 2,
    });
    if (another) throw new Error(`${schema.users.stableId} ${id} is not unique`);
    return entry;
  }

  /** People of whom a group says no DN: those that it names by login name, and those that name it by number. */
  async function namedOtherwise(group: LdapEntry, limit: number): Promise<string[]> {
    const uids = memberUid === null ? [] : group.values(memberUid).slice(0, limit);
    const matches = [...anyEqual(['uid'], uids), ...primaryMembers(group)];
    const entries = await inPortions(matches, PEOPLE_PER_SEARCH, (portion) =>
      search({
        base: userBaseDn,
        scope: 'sub',
        filter: every(...people(schema.users), any(portion)),
        attributes: [schema.users.stableId],
        sizeLimit: limit,
      }),
    );
    return entries.map(({ dn }) => dn);
  }

  function primaryMembers(group: LdapEntry): Filter[] {
    if (primary === 'gid') return anyEqual(['gidNumber'], group.values('gidNumber'));
    const rid = primary === 'rid' ? group.bytes('objectSid').map(relativeId) : [];
    return anyEqual(['primaryGroupID'], rid);
  }

  return {
    async list({ search: text, limit }) {
      const matches = text === undefined ? present(name) : containing(name, text);
      const found = await findGroups(source, [matches], { sizeLimit: limit + 1 });
      const groups = found.map((entry) => toGroup(entry, schema));
      return { groups: groups.sort(byName).slice(0, limit), truncated: groups.length > limit };
    },

    async find(id) {
      const entry = await groupById(id, []);
      if (!entry) return undefined;
      const [group] = await groupNames()(source, [{ ...toGroup(entry, schema), via: [] }]);
      return group && { id: group.id, dn: group.dn, name: group.name, nameIsUnique: group.nameIsUnique };
    },

    async members(id, limit) {
      const entry = await groupById(id, memberAttributes);
      if (!entry) return undefined;
      const dns = [
        ...member.flatMap((attribute) => entry.values(attribute)),
        ...(await namedOtherwise(entry, limit + 1)),
      ];
      const distinct = [...new Map(dns.map((dn) => [comparableDn(dn), dn])).values()];
      return { dns: distinct.slice(0, limit), truncated: distinct.length > limit };
    },
  };
}

const PEOPLE_PER_SEARCH = 200;

function byName(a: DirectoryGroupEntry, b: DirectoryGroupEntry): number {
  return prepare(a.name).localeCompare(prepare(b.name)) || a.dn.localeCompare(b.dn);
}
