// What may be done through the admin API, and by which of the roles that every tenant has. Which roles somebody holds is roles/'s.

/** Resource types of the admin API with their actions. A permission is both: `users:read`. */
export const ADMIN_RESOURCES = {
  tenants: ['read', 'write'],
  settings: ['read', 'write'],
  directories: ['read', 'write'],
  users: ['read', 'write'],
  /** Second factors of people: see which there are, take them all away, send a link to enrol anew. */
  factors: ['read', 'write'],
  sessions: ['read', 'write'],
  groups: ['read', 'write'],
  roles: ['read', 'write'],
  clients: ['read', 'write'],
  'api-keys': ['read', 'write'],
  webhooks: ['read', 'write'],
  deliveries: ['read', 'write'],
  keys: ['read', 'write'],
  audit: ['read'],
  explain: ['read'],
} as const;

export type AdminResource = keyof typeof ADMIN_RESOURCES;
export type AdminPermission = {
  [Resource in AdminResource]: `${Resource}:${(typeof ADMIN_RESOURCES)[Resource][number]}`;
}[AdminResource];

/** All of them: the scopes of an access token for the admin API. */
export const ADMIN_PERMISSIONS = Object.entries(ADMIN_RESOURCES).flatMap(([resource, actions]) =>
  actions.map((action) => `${resource}:${action}`),
);

/** Whether what is held covers a permission. `type:*` covers every action of a type, `*:*` everything. */
export function covers(held: Iterable<string>, wanted: string): boolean {
  const ofType = `${wanted.slice(0, wanted.indexOf(':'))}:*`;
  for (const one of held) if (one === wanted || one === ofType || one === '*:*') return true;
  return false;
}
