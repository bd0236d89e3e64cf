// From somebody's own groups up to the groups that these are in. The question itself is asked through `parentsOf`.

import type { DirectoryGroup, StableId } from './directory.ts';

/** A group, and which of the entries that were asked about are its direct members. */
export interface ParentGroup {
  id: StableId;
  dn: string;
  name: string;
  members: readonly string[];
}

/** The groups that any of these entries is a direct member of. */
export type ParentsOf = (dns: readonly string[]) => Promise<ParentGroup[]>;

/**
 * Goes up level by level, so that the path found first is the shortest. A group is asked about once, so circles end.
 *
 * @param depth levels above the direct groups
 */
export async function walkUp(memberDn: string, depth: number, parentsOf: ParentsOf): Promise<DirectoryGroup[]> {
  const found = new Map<StableId, DirectoryGroup>();
  /** From an entry's DN to the groups through which a membership of its parents runs. */
  const paths = new Map<string, readonly string[]>([[memberDn, []]]);
  let level = [memberDn];
  for (let above = 0; above <= depth && level.length > 0; above += 1) {
    const parents = await parentsOf(level);
    level = [];
    for (const { id, dn, name, members } of parents) {
      if (found.has(id)) continue;
      const via = paths.get(members[0] ?? memberDn) ?? [];
      found.set(id, { id, dn, name, via });
      paths.set(dn, [...via, dn]);
      level.push(dn);
    }
  }
  return [...found.values()];
}
