// Who is in which group, the other way round: kept up to date beside the entries, for memberOf and for searches in chains.

import { MEMBER_ATTRIBUTES } from './attributes.ts';
import type { Entry } from './entry.ts';

export class Memberships {
  /** From a member's key to the groups that list it. */
  readonly #groups = new Map<string, Set<Entry>>();

  record(group: Entry): void {
    for (const key of membersOf(group)) {
      const groups = this.#groups.get(key) ?? new Set();
      this.#groups.set(key, groups.add(group));
    }
  }

  forget(group: Entry): void {
    for (const key of membersOf(group)) this.#groups.get(key)?.delete(group);
  }

  directGroups(key: string): readonly Entry[] {
    return [...(this.#groups.get(key) ?? [])];
  }

  /** Direct and nested ones, each once, circles or not. */
  allGroups(key: string): ReadonlySet<Entry> {
    const found = new Set(this.directGroups(key));
    // A set goes on to what is added to it while it is walked through.
    for (const group of found) for (const parent of this.directGroups(group.key)) found.add(parent);
    return found;
  }
}

function membersOf(group: Entry): string[] {
  return MEMBER_ATTRIBUTES.flatMap((name) => [...(group.attributes.get(name)?.forms ?? [])]);
}
