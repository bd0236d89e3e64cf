// What a route of the admin API is called on the command line: `listUserSessions` at /tenants/{tenant}/users/{userId}/sessions is
// `users list-sessions <userId>`.

import type { AdminRoute } from '../../admin/route.ts';

export interface CommandName {
  /** The first collection in the path, as `users`. */
  group: string;
  /** Empty where the group says it all, as `explain` does. */
  verb: string;
  /** Names in the path that have to be given, in its order. */
  args: readonly string[];
  /** The tenant is named by an option, for it is most often the same. */
  ofTenant: boolean;
}

const OF_TENANT = '/tenants/{tenant}';

export function commandNameOf({ id, path }: Pick<AdminRoute, 'id' | 'path'>): CommandName {
  const [, below = ''] = path.split(`${OF_TENANT}/`);
  const group = (below === '' ? path.slice(1) : below).split(/[/:]/, 1)[0] ?? '';
  const params = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const ofTenant = below !== '';
  return {
    group,
    verb: verbOf(id, group),
    args: ofTenant ? params.filter((name) => name !== 'tenant') : params,
    ofTenant,
  };
}

/** The id's words without those of the group, in either number. */
function verbOf(id: string, group: string): string {
  const left = group.split('-').map(singular);
  const words = id.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
  const kept = words.filter((word) => {
    const at = left.indexOf(singular(word));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return kept.join('-');
}

function singular(word: string): string {
  return word.replace(/ies$/, 'y').replace(/s$/, '');
}
