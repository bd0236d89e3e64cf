// From somebody's own groups up to the groups that these are in. The question itself is asked through `parentsOf`.

import type { DirectoryGroup, StableId } from './directory.ts';

export interface Group {
  id: StableId;
  dn: string;
  name: string;
}

/** A group, and which of the groups that were asked about are its direct members, by the DNs that were asked with. */
export interface ParentGroup extends Group {
  members: readonly string[];
}

/** The groups that any of these groups is a direct member of. */
export type ParentsOf = (dns: readonly string[]) => Promise<readonly ParentGroup[]>;

/** Of one person; they would all be asked about, kept, and put into claims. */
const MOST_GROUPS = 5000;

/**
 * Goes up level by level, so that the path found first is the shortest. A group is asked about once, so circles end.
 *
 * @param depth levels above the direct groups
 * @throws Error when there are more than anybody is meant to be in.
 */
export async function climb(direct: readonly Group[], depth: number, parentsOf: ParentsOf): Promise<DirectoryGroup[]> {
  const found = new Map<StableId, DirectoryGroup>();
  /** From the DN of a group to the groups through which a membership of its parents runs. */
  const paths = new Map<string, readonly string[]>();
  const add = ({ id, dn, name }: Group, via: readonly string[]): string[] => {
    if (found.has(id)) return [];
    if (found.size === MOST_GROUPS) throw new Error(`groups: more than ${MOST_GROUPS} of one person`);
    found.set(id, { id, dn, name, via });
    paths.set(dn, [...via, dn]);
    return [dn];
  };
  let level = direct.flatMap((group) => add(group, []));
  for (let above = 1; above <= depth && level.length > 0; above += 1) {
    const positions = new Map(level.map((dn, position) => [dn, position]));
    const parents = await parentsOf(level);
    level = parents.flatMap((parent) => add(parent, paths.get(firstOf(parent.members, positions)) ?? []));
  }
  return [...found.values()];
}

/** Of several ways of one length it is the first, whatever the order in which a server lists members. */
function firstOf(members: readonly string[], positions: ReadonlyMap<string, number>): string {
  const positionOf = (dn: string): number => positions.get(dn) ?? Infinity;
  return members.reduce((first, dn) => (positionOf(dn) < positionOf(first) ? dn : first), '');
}
