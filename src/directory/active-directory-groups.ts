// Groups in groups as Active Directory works them out: one search, however deep they are nested. The paths come from the
// groups' own memberOf, which is read along.

import type { DirectoryGroup } from './directory.ts';
import type { GroupSource } from './groups.ts';
import { findGroups, toGroup } from './groups.ts';
import { equal, matching } from './ldap/filter.ts';
import type { LdapEntry } from './ldap/responses.ts';
import { LdapResultError } from './ldap/result-error.ts';
import { memberOfGraph } from './member-of-graph.ts';
import { climb } from './nested-groups.ts';
import { primaryGroup, primaryGroupSid } from './person-memberships.ts';

/** LDAP_MATCHING_RULE_TRANSITIVE_EVAL ([MS-ADTS] 3.1.1.3.4.4.3) */
const IN_CHAIN = '1.2.840.113556.1.4.1941';

/**
 * Undefined where the settings do not want it so, or the server cannot: others than Active Directory take the rule for one that
 * nothing matches, and a domain controller refuses it when the search grows over its limits.
 */
export async function activeDirectoryGroups(
  source: GroupSource,
  person: LdapEntry,
): Promise<DirectoryGroup[] | undefined> {
  const { nesting, depth, memberOf } = source.schema.groups;
  if (nesting === 'walk' || depth === 0 || memberOf === null) return undefined;
  const { activeDirectory } = await source.rootDse();
  if (!activeDirectory) return undefined;
  try {
    const ask = nesting === 'in-chain' ? inChain : byToken;
    const entries = await ask(source, person, ['objectSid', memberOf]);
    return entries && (await pathsThrough(source, person, entries, memberOf));
  } catch (error) {
    if (error instanceof LdapResultError) return undefined;
    throw error;
  }
}

type Ask = (source: GroupSource, person: LdapEntry, attributes: readonly string[]) => Promise<LdapEntry[] | undefined>;

/** The rule follows `member` alone, and the members of a primary group are not listed there. */
const inChain: Ask = async (source, person, attributes) => {
  const { member } = source.schema.groups;
  if (member.length === 0) return undefined;
  const primary = await findGroups(source, primaryGroup(person, source.schema.groups), { attributes });
  const starts = [person, ...primary];
  const chains = starts.flatMap(({ dn }) => member.map((attribute) => matching(attribute, IN_CHAIN, dn)));
  return [...primary, ...(await findGroups(source, chains, { attributes }))];
};

/** Everybody's token names the primary group at least: an empty one is one that the service account may not read. */
const byToken: Ask = async (source, person, attributes) => {
  const sids = person.bytes('tokenGroups');
  if (sids.length === 0) return undefined;
  return findGroups(
    source,
    sids.map((sid) => equal('objectSid', sid)),
    { attributes },
  );
};

function pathsThrough(
  { schema }: GroupSource,
  person: LdapEntry,
  entries: readonly LdapEntry[],
  memberOf: string,
): Promise<DirectoryGroup[]> {
  const graph = memberOfGraph(person.dn, person.values(memberOf));
  for (const entry of entries) graph.add(toGroup(entry, schema), entry.values(memberOf));
  const sid = primaryGroupSid(person);
  const isPrimary = (entry: LdapEntry): boolean =>
    sid !== undefined && entry.bytes('objectSid')[0]?.equals(sid) === true;
  const direct = [...graph.parentsOf([person.dn]), ...entries.filter(isPrimary).map((entry) => toGroup(entry, schema))];
  return climb(direct, schema.groups.depth, (dns) => Promise.resolve(graph.parentsOf(dns)));
}
