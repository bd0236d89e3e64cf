// Groups in groups: whether one more may be put into another. Nobody's memberships may come to a circle, nor stand so deep that
// nobody could say any more why somebody is in a group.

/** That one group is a direct member of another. */
export interface Nesting {
  group: string;
  member: string;
}

/** Groups that may stand one upon the other. */
export const MOST_LEVELS = 20;

/** @param nestings all of the tenant */
export function refusalToNest(
  { group, member }: Nesting,
  nestings: readonly Nesting[],
): 'circle' | 'too-deep' | undefined {
  const above = levels(group, nestings, 'member', 'group');
  if (above.has(member)) return 'circle';
  const below = levels(member, nestings, 'group', 'member');
  return deepest(above) + deepest(below) + 2 > MOST_LEVELS ? 'too-deep' : undefined;
}

/** Every group that is reached from one, itself too, with the longest way there. Without circles it ends. */
function levels(
  start: string,
  nestings: readonly Nesting[],
  from: keyof Nesting,
  to: keyof Nesting,
): ReadonlyMap<string, number> {
  const next = Map.groupBy(nestings, (nesting) => nesting[from]);
  const reached = new Map<string, number>();
  let level = new Set([start]);
  for (let depth = 0; level.size > 0 && depth <= MOST_LEVELS; depth += 1) {
    for (const id of level) reached.set(id, depth);
    level = new Set([...level].flatMap((id) => (next.get(id) ?? []).map((nesting) => nesting[to])));
  }
  return reached;
}

function deepest(reached: ReadonlyMap<string, number>): number {
  return Math.max(...reached.values());
}
