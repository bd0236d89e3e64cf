// Who is in which group, as far as entries told by their own memberOf. It is asked; it asks nobody.

import { comparableDn } from './distinguished-name.ts';
import type { Group, ParentGroup } from './nested-groups.ts';

export interface MemberOfGraph {
  /** @param memberOf DNs of the groups that it is itself a direct member of */
  add(group: Group, memberOf: readonly string[]): void;
  /** The groups, of those that were added, that any of these is a direct member of. */
  parentsOf(dns: readonly string[]): ParentGroup[];
  /** DNs of groups that these are in, of which nothing was told yet; each is named once, also if it never comes. */
  unknownParentsOf(dns: readonly string[]): string[];
}

/** @param memberOf DNs of the groups that the person is a direct member of */
export function memberOfGraph(person: string, memberOf: readonly string[]): MemberOfGraph {
  const groups = new Map<string, Group>();
  const parents = new Map([[comparableDn(person), keyed(memberOf)]]);
  const named = new Set<string>();
  const parentKeys = (dn: string): ReadonlyMap<string, string> => parents.get(comparableDn(dn)) ?? new Map();

  return {
    add: (group, itsGroups) => {
      const key = comparableDn(group.dn);
      groups.set(key, group);
      parents.set(key, keyed(itsGroups));
    },
    parentsOf: (dns) => {
      const members = new Map<string, string[]>();
      for (const dn of dns) {
        for (const key of parentKeys(dn).keys()) {
          const of = members.get(key);
          if (of) of.push(dn);
          else members.set(key, [dn]);
        }
      }
      return [...members].flatMap(([key, of]) => {
        const group = groups.get(key);
        return group ? [{ ...group, members: of }] : [];
      });
    },
    unknownParentsOf: (dns) => {
      const unknown = dns.flatMap((dn) => [...parentKeys(dn)]).filter(([key]) => !groups.has(key) && !named.has(key));
      for (const [key] of unknown) named.add(key);
      return [...new Map(unknown).values()];
    },
  };
}

/** From the comparable form of each DN to its own spelling. */
function keyed(dns: readonly string[]): ReadonlyMap<string, string> {
  return new Map(dns.map((dn) => [comparableDn(dn), dn]));
}
