// Entries of groups: how they are searched for, and how they read.

import type { Control, Filter } from 'ldapts';

import type { Search } from './ldap/connection.ts';
import { any, anyEqual, every, parseFilter } from './ldap/filter.ts';
import type { LdapEntry } from './ldap/responses.ts';
import type { ReadRootDse } from './ldap/root-dse.ts';
import type { Group } from './nested-groups.ts';
import type { DirectorySchema } from './presets.ts';
import { readStableId } from './stable-id.ts';

export interface GroupSource {
  search: Search;
  rootDse: ReadRootDse;
  schema: DirectorySchema;
  groupBaseDn: string;
}

/** Values of attributes to be read beside a group's id and name. */
export interface Listing {
  attributes?: readonly string[];
  controls?: readonly Control[];
  /** So many groups are enough. */
  sizeLimit?: number;
}

/** The groups that match any of the filters. */
export function findGroups(
  { search, schema, groupBaseDn }: GroupSource,
  matches: readonly Filter[],
  { attributes = [], controls = [], sizeLimit }: Listing = {},
): Promise<LdapEntry[]> {
  const { objectClass, filter, name } = schema.groups;
  const isGroup = any(anyEqual(['objectClass'], objectClass));
  const asked = filter === undefined ? [isGroup] : [isGroup, parseFilter(filter)];
  return inPortions(matches, FILTERS_PER_SEARCH, (portion) =>
    search({
      base: groupBaseDn,
      scope: 'sub',
      filter: every(...asked, any(portion)),
      attributes: [schema.users.stableId, name, ...attributes],
      controls,
      ...(sizeLimit !== undefined && { sizeLimit }),
    }),
  );
}

export function toGroup(entry: LdapEntry, { users, groups }: DirectorySchema): Group {
  return { id: readStableId(entry, users), dn: entry.dn, name: entry.values(groups.name)[0] ?? entry.dn };
}

/** Keeps filters at a size that servers take. */
const FILTERS_PER_SEARCH = 200;

/** One portion after the other, so that however many there are, `size` is what is asked at once. */
export async function inPortions<T, A>(
  all: readonly T[],
  size: number,
  ask: (portion: readonly T[]) => Promise<readonly A[]>,
): Promise<A[]> {
  const answers: (readonly A[])[] = [];
  for (let from = 0; from < all.length; from += size) {
    answers.push(await ask(all.slice(from, from + size)));
  }
  return answers.flat();
}
