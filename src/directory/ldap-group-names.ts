// Whether a group's name is the name of no other one: names are unique within a branch, not in a directory.

import { LRUCache } from 'lru-cache';

import type { DirectoryGroup, StableId } from './directory.ts';
import { prepare } from './distinguished-name.ts';
import { anyEqual } from './ldap-filter.ts';
import type { GroupSource } from './ldap-groups.ts';
import { findGroups, toGroup } from './ldap-groups.ts';

/** Who bears a name, as it is compared. */
type Bearers = ReadonlySet<StableId>;
export type GroupNames = (groups: readonly DirectoryGroup[]) => Promise<DirectoryGroup[]>;

const REMEMBERED_MS = 60_000;
const REMEMBERED_NAMES = 10_000;

/**
 * Remembers the bearers of a name for a minute. A group that is not among them makes its name be asked about again: a new one
 * that takes the name of another is not the only one for a moment.
 */
export function groupNames(source: GroupSource): GroupNames {
  const known = new LRUCache<string, Bearers>({ max: REMEMBERED_NAMES, ttl: REMEMBERED_MS });

  return async (groups) => {
    const unknown = groups.filter(({ id, name }) => !known.get(prepare(name))?.has(id));
    const learnt = await bearersOf(source, new Set(unknown.map(({ name }) => name)));
    for (const [name, bearers] of learnt) known.set(name, bearers);
    const isUnique = (name: string): boolean => (learnt.get(name) ?? known.get(name))?.size === 1;
    return groups.map((group) => ({ ...group, nameIsUnique: isUnique(prepare(group.name)) }));
  };
}

async function bearersOf(source: GroupSource, names: ReadonlySet<string>): Promise<Map<string, Bearers>> {
  const bearers = new Map<string, Set<StableId>>();
  if (names.size === 0) return bearers;
  const { name } = source.schema.groups;
  for (const entry of await findGroups(source, anyEqual([name], [...names]))) {
    const { id } = toGroup(entry, source.schema);
    for (const taken of entry.values(name).map(prepare)) {
      bearers.set(taken, (bearers.get(taken) ?? new Set()).add(id));
    }
  }
  return bearers;
}
