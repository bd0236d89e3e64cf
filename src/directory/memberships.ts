// The groups of a person, by what the directory keeps of memberships: members listed by their groups, groups listed by their
// members, names and numbers of RFC 2307, or what Active Directory works out by itself.

import { within } from '../deadline.ts';
import { activeDirectoryGroups } from './active-directory-groups.ts';
import type { DirectoryGroup } from './directory.ts';
import { comparableDn } from './distinguished-name.ts';
import { groupNames } from './group-names.ts';
import type { GroupSource, Listing } from './groups.ts';
import { findGroups, inPortions, toGroup } from './groups.ts';
import { GivenUp } from './ldap/connection.ts';
import { anyEqual, equal, present } from './ldap/filter.ts';
import { MatchedValuesControl } from './ldap/matched-values.ts';
import type { LdapEntry } from './ldap/responses.ts';
import { memberOfGraph } from './member-of-graph.ts';
import type { ParentGroup } from './nested-groups.ts';
import { climb } from './nested-groups.ts';
import { primaryGroup, readPerson } from './person-memberships.ts';

/** Direct and nested groups, each once, by the shortest path: within `limitMs`, however many searches that takes. */
export function ldapMemberships(source: GroupSource, limitMs: number): (dn: string) => Promise<DirectoryGroup[]> {
  const namedUniquely = groupNames();
  const groupsOf = async (bounded: GroupSource, dn: string): Promise<DirectoryGroup[]> => {
    const person = await readPerson(bounded, dn);
    const groups = (await activeDirectoryGroups(bounded, person)) ?? (await walk(bounded, person));
    return namedUniquely(bounded, groups);
  };
  return (dn) =>
    within(
      limitMs,
      (signal) => groupsOf(searchingUntil(signal, source), dn),
      () => new GivenUp('groups: no answer in time'),
    );
}

/** Begins no search any more for what nobody waits for. */
function searchingUntil(signal: AbortSignal, source: GroupSource): GroupSource {
  return {
    ...source,
    search: async (query) => {
      signal.throwIfAborted();
      return source.search(query);
    },
  };
}

async function walk(source: GroupSource, person: LdapEntry): Promise<DirectoryGroup[]> {
  const { memberOf, member } = source.schema.groups;
  if (memberOf === null) return walkByMember(source, person);
  // Where memberOf names the groups above the direct ones too, it hides the paths.
  const { transitiveMemberOf } = await source.rootDse();
  const byMember = transitiveMemberOf && member.length > 0;
  return byMember ? walkByMember(source, person) : walkByMemberOf(source, person, memberOf);
}

async function walkByMember(source: GroupSource, person: LdapEntry): Promise<DirectoryGroup[]> {
  const { schema } = source;
  const { member, memberUid, depth } = schema.groups;
  const direct = await findGroups(source, [
    ...member.map((attribute) => equal(attribute, person.dn)),
    ...(memberUid === null ? [] : person.values('uid').map((uid) => equal(memberUid, uid))),
    ...primaryGroup(person, schema.groups),
  ]);
  const levels = member.length === 0 ? 0 : depth;
  return climb(
    direct.map((entry) => toGroup(entry, schema)),
    levels,
    (dns) => parentsByMember(source, dns),
  );
}

const CHILDREN_AT_ONCE = 8;

/**
 * A list of members is asked for only where the server leaves out those that were not asked about: of a group of a hundred
 * thousand it would be megabytes. Elsewhere it is found out by asking about fewer and fewer, since most groups are in none.
 */
async function parentsByMember(source: GroupSource, dns: readonly string[]): Promise<ParentGroup[]> {
  if (dns.length > 1 && (await source.rootDse()).matchedValues) return parentsByMatchedValues(source, dns);
  const parents = await groupsWithMembers(source, dns);
  if (dns.length === 1 || parents.length === 0) {
    return parents.map((entry) => ({ ...toGroup(entry, source.schema), members: dns }));
  }
  if (dns.length > CHILDREN_AT_ONCE) {
    return inPortions(dns, CHILDREN_AT_ONCE, (portion) => parentsByMember(source, portion));
  }
  const each = await Promise.all(dns.map((dn) => parentsByMember(source, [dn])));
  return each.flat();
}

const CHILDREN_PER_LIST = 100;

function parentsByMatchedValues(source: GroupSource, dns: readonly string[]): Promise<ParentGroup[]> {
  const { schema } = source;
  const { member, name } = schema.groups;
  return inPortions(dns, CHILDREN_PER_LIST, async (children) => {
    const shown = [present(schema.users.stableId), present(name), ...anyEqual(member, children)];
    const listing = { attributes: member, controls: [new MatchedValuesControl(shown)] };
    const asked = new Map(children.map((dn) => [comparableDn(dn), dn]));
    const parents = await groupsWithMembers(source, children, listing);
    return parents.map((entry) => {
      const listed = member.flatMap((attribute) => entry.values(attribute));
      return { ...toGroup(entry, schema), members: listed.flatMap((dn) => asked.get(comparableDn(dn)) ?? []) };
    });
  });
}

function groupsWithMembers(source: GroupSource, dns: readonly string[], listing?: Listing): Promise<LdapEntry[]> {
  return findGroups(source, anyEqual(source.schema.groups.member, dns), listing);
}

/** Each group is read together with the groups that it is in itself: one search for a level. */
async function walkByMemberOf(source: GroupSource, person: LdapEntry, memberOf: string): Promise<DirectoryGroup[]> {
  const { schema } = source;
  const { activeDirectory } = await source.rootDse();
  const ownName = activeDirectory ? 'distinguishedName' : 'entryDN';
  const graph = memberOfGraph(person.dn, person.values(memberOf));
  const learn = async (dns: readonly string[], others = primaryGroup(person, schema.groups)) => {
    const matches = [...anyEqual([ownName], dns), ...others];
    const entries = await findGroups(source, matches, { attributes: [memberOf] });
    for (const entry of entries) graph.add(toGroup(entry, schema), entry.values(memberOf));
    return entries;
  };
  const direct = await learn(graph.unknownParentsOf([person.dn]));
  return climb(
    direct.map((entry) => toGroup(entry, schema)),
    schema.groups.depth,
    async (dns) => {
      await learn(graph.unknownParentsOf(dns), []);
      return graph.parentsOf(dns);
    },
  );
}
