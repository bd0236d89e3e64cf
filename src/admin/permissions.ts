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

type AdminResource = keyof typeof ADMIN_RESOURCES;
export type AdminPermission = {
  [Resource in AdminResource]: `${Resource}:${(typeof ADMIN_RESOURCES)[Resource][number]}`;
}[AdminResource];

/** What no type and no action is left out of. */
export const EVERYTHING = '*:*';

export const ADMIN_PERMISSIONS = Object.entries(ADMIN_RESOURCES).flatMap(([resource, actions]) =>
  actions.map((action) => `${resource}:${action}`),
);

/** The scopes of an access token for the admin API. With `*:*` it may do whatever its holder may. */
export const ADMIN_SCOPES = [...ADMIN_PERMISSIONS, EVERYTHING];

/** What of it a client may ask for in somebody's name, by the `scope` of its registration (oidc/client-scope.ts). */
export function adminScopesIn(registered = ''): string[] {
  const named = registered.split(' ');
  return ADMIN_SCOPES.filter((scope) => covers(named, scope));
}

/** Whether a permission is one of the admin API's own, and not of a type that the tenant's applications protect. */
export function isOfAdminApi(permission: string): boolean {
  const type = typeOf(permission);
  return type === '*' || Object.hasOwn(ADMIN_RESOURCES, type);
}

/** `users` of `users:read`. */
export function typeOf(permission: string): string {
  return permission.slice(0, permission.indexOf(':'));
}

/** What both permit: a role's permissions, say, and the scope of a token. */
export function cut(held: readonly string[], scope: readonly string[]): Set<string> {
  const inScope = held.filter((permission) => covers(scope, permission));
  return new Set([...inScope, ...scope.filter((permission) => covers(held, permission))]);
}

/** Whether what is held covers a permission. `type:*` covers every action of a type, `*:*` everything. */
export function covers(held: Iterable<string>, wanted: string): boolean {
  const ofType = `${typeOf(wanted)}:*`;
  for (const one of held) if (one === wanted || one === ofType || one === EVERYTHING) return true;
  return false;
}
