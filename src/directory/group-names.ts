// Whether a group's name is the name of no other one: names are unique within a branch, not in a directory.

import { LRUCache } from 'lru-cache';

import type { DirectoryGroup, StableId } from './directory.ts';
import { prepare } from './distinguished-name.ts';
import type { GroupSource } from './groups.ts';
import { findGroups, toGroup } from './groups.ts';
import { anyEqual } from './ldap/filter.ts';

/** Who bears a name, as it is compared. */
type Bearers = ReadonlySet<StableId>;
export type GroupNames = (source: GroupSource, groups: readonly DirectoryGroup[]) => Promise<DirectoryGroup[]>;

const REMEMBERED_MS = 60_000;
const REMEMBERED_NAMES = 10_000;

/**
 * Remembers the bearers of a name for a minute. A group that is not among them makes its name be asked about again: a new one
 * that takes the name of another is not the only one for a moment.
 */
export function groupNames(): GroupNames {
  const known = new LRUCache<string, Bearers>({ max: REMEMBERED_NAMES, ttl: REMEMBERED_MS });

  /** What is known of the groups' names. */
  const recall = (groups: readonly DirectoryGroup[]): Map<string, Bearers> => {
    const recalled = new Map<string, Bearers>();
    for (const name of new Set(groups.map((group) => prepare(group.name)))) {
      const bearers = known.get(name);
      if (bearers) recalled.set(name, bearers);
    }
    return recalled;
  };

  return async (source, groups) => {
    // Before anything is asked: what is known now may be forgotten when the answer is there.
    const bearers = recall(groups);
    const unknown = groups.filter(({ id, name }) => !bearers.get(prepare(name))?.has(id));
    for (const [name, learnt] of await bearersOf(source, new Set(unknown.map(({ name }) => name)))) {
      known.set(name, learnt);
      bearers.set(name, learnt);
    }
    return groups.map((group) => ({ ...group, nameIsUnique: bearers.get(prepare(group.name))?.size === 1 }));
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
