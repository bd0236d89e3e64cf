// Which groups an entry is directly in, asked about many entries in one search: of the groups' lists of members, or of the
// members' own memberOf where the server keeps it.

import type { Filter } from 'ldapts';
import { BerWriter, Control } from 'ldapts';

import type { DirectoryGroup } from './directory.ts';
import { comparableDn, prepare } from './distinguished-name.ts';
import { tag } from './ldap-ber.ts';
import type { SearchQuery } from './ldap-connection.ts';
import { anyEqual, every, present } from './ldap-filter.ts';
import type { LdapEntry } from './ldap-responses.ts';
import type { ParentGroup } from './nested-groups.ts';
import type { DirectorySchema } from './presets.ts';

export interface GroupSource {
  search(query: SearchQuery): Promise<LdapEntry[]>;
  schema: DirectorySchema;
  baseDn: string;
  groupBaseDn: string;
}

/** The groups that any of these entries is a direct member of. */
export function parentGroups(source: GroupSource, dns: readonly string[]): Promise<ParentGroup[]> {
  const ask = source.schema.groups.memberOf === null ? byMember : byMemberOf;
  return inPortions(dns, (portion) => ask(source, portion));
}

/** Tells of each group whether its name is the name of no other one: names are unique within a branch, not in a directory. */
export async function withUniqueNames(
  source: GroupSource,
  groups: readonly DirectoryGroup[],
): Promise<DirectoryGroup[]> {
  const { name } = source.schema.groups;
  const names = [...new Set(groups.map((group) => group.name))];
  const namesakes = await inPortions(names, (portion) => searchGroups(source, anyEqual([name], portion)));
  const bearers = new Map<string, number>();
  for (const taken of namesakes.flatMap((group) => [...new Set(group.values(name).map(prepare))])) {
    bearers.set(taken, (bearers.get(taken) ?? 0) + 1);
  }
  return groups.map((group) => ({ ...group, nameIsUnique: bearers.get(prepare(group.name)) === 1 }));
}

/** More values than this are asked about in several searches, which keeps the filters at a size that servers take. */
const VALUES_PER_SEARCH = 100;

async function inPortions<T>(
  values: readonly string[],
  ask: (portion: readonly string[]) => Promise<T[]>,
): Promise<T[]> {
  const answers: T[] = [];
  for (let from = 0; from < values.length; from += VALUES_PER_SEARCH) {
    answers.push(...(await ask(values.slice(from, from + VALUES_PER_SEARCH))));
  }
  return answers;
}

async function byMember(source: GroupSource, dns: readonly string[]): Promise<ParentGroup[]> {
  const { member } = source.schema.groups;
  const groups = await searchGroups(source, anyEqual(member, dns), member, dns);
  const asked = new Map(dns.map((dn) => [comparableDn(dn), dn]));
  return groups.map((group) => {
    const listed = member.flatMap((attribute) => group.values(attribute));
    return toGroup(
      group,
      source.schema,
      listed.flatMap((dn) => asked.get(comparableDn(dn)) ?? []),
    );
  });
}

async function byMemberOf(source: GroupSource, dns: readonly string[]): Promise<ParentGroup[]> {
  const { schema, baseDn } = source;
  const memberOf = schema.groups.memberOf ?? '';
  const children = await source.search({
    base: baseDn,
    scope: 'sub',
    filter: anyEqual(['entryDN'], dns),
    attributes: [memberOf],
  });
  const parents = [...new Set(children.flatMap((child) => child.values(memberOf)))];
  if (parents.length === 0) return [];
  const groups = await searchGroups(source, anyEqual(['entryDN'], parents));
  return groups.map((group) => {
    const isIn = (child: LdapEntry): boolean =>
      child.values(memberOf).some((dn) => comparableDn(dn) === comparableDn(group.dn));
    return toGroup(
      group,
      schema,
      children.filter(isIn).map(({ dn }) => dn),
    );
  });
}

/** Groups that match, with their id and name, and of `listing` only the values that are one of `wanted`. */
function searchGroups(
  { search, schema, groupBaseDn }: GroupSource,
  matches: Filter,
  listing: readonly string[] = [],
  wanted: readonly string[] = [],
): Promise<LdapEntry[]> {
  const { objectClass, name } = schema.groups;
  const { stableId } = schema.users;
  return search({
    base: groupBaseDn,
    scope: 'sub',
    filter: every(anyEqual(['objectClass'], objectClass), matches),
    attributes: [stableId, name, ...listing],
    controls: [new MatchedValuesControl([present(stableId), present(name), ...anyEqual(listing, wanted).filters])],
  });
}

function toGroup(entry: LdapEntry, { users, groups }: DirectorySchema, members: readonly string[]): ParentGroup {
  const [id] = entry.values(users.stableId);
  if (id === undefined) throw new Error(`the service account may not read ${users.stableId} of ${entry.dn}`);
  return { id, dn: entry.dn, name: entry.values(groups.name)[0] ?? entry.dn, members };
}

/**
 * Asks for the values that match and leaves out the others (RFC 3876), so that a group of fifty thousand does not send its
 * whole list. A server that does not know it ignores it.
 */
class MatchedValuesControl extends Control {
  readonly #filters: readonly Filter[];

  constructor(filters: readonly Filter[]) {
    super('1.2.826.0.1.3344810.2.3');
    this.#filters = filters;
  }

  override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    value.startSequence();
    for (const filter of this.#filters) filter.write(value);
    value.endSequence();
    writer.writeBuffer(value.buffer, tag.octetString);
  }
}
