// Who calls the admin API, and what they may do with it. How they prove who they are is authenticate.ts's.

import type { AuditEvent } from '../audit/audit.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { ROOT_TENANT } from '../tenants/tenants.ts';
import { covers } from './permissions.ts';

/** RFC 6750, RFC 9449. */
export type AuthScheme = 'Bearer' | 'DPoP';

export type GroupPermission = 'groups:read' | 'groups:write';

export interface Caller {
  kind: 'user' | 'client' | 'api-key' | 'system';
  /** A user's id, a client_id, an API key's id, or what of the system it is. */
  id: string;
  /** Whose administrator: what a key or a token of one tenant may do ends there, unless it is `root`. */
  tenant: Pick<Tenant, 'id' | 'slug'>;
  /** As permissions.ts compares them: what the roles permit now, cut with the scope of the token or key. */
  permissions: ReadonlySet<string>;
  /** Local groups that the caller manages the membership of, by id. */
  managedGroups: ReadonlySet<string>;
  /** What of that, reading or all, the scope of the token covers; nothing if left out. */
  managing?: GroupPermission | undefined;
  /** How the credentials were sent, and so how more of them are asked for; `Bearer` if left out. */
  scheme?: AuthScheme | undefined;
  /** Of a person: how, and when (seconds since the epoch), they signed in. */
  signIn?: { acr: string | undefined; authTime: number | undefined } | undefined;
  /** Asks anew who it is, with what they may do by then; left out of who always stands. @throws Problem `unauthenticated` */
  renew?: (() => Promise<Caller>) | undefined;
}

export function may(caller: Caller, permission: string): boolean {
  return covers(caller.permissions, permission);
}

/** Whether the caller may do it as one who manages this group, or any group if left out. */
export function manages({ managedGroups, managing }: Caller, permission: string, groupId?: string): boolean {
  if (managing === undefined || (managing !== 'groups:write' && managing !== permission)) return false;
  return groupId === undefined ? managedGroups.size > 0 : managedGroups.has(groupId);
}

/** Whether the caller holds each of these, and so may give them to somebody else. */
export function holdsAll(caller: Caller, permissions: Iterable<string>): boolean {
  return [...permissions].every((permission) => may(caller, permission));
}

export function isOfRoot(caller: Caller): boolean {
  return caller.tenant.slug === ROOT_TENANT;
}

/** As the audit trail names it; of another tenant's administrator the tenant as well. */
export function actorOf(caller: Caller, tenantId: string): NonNullable<AuditEvent['actor']> {
  const { kind, id, tenant } = caller;
  return { kind, id, ...(tenant.id !== tenantId && { tenant: tenant.slug }) };
}

/** The operator at a terminal: whoever reads the configuration with its keys may do everything anyway. */
export function operator(root: Pick<Tenant, 'id' | 'slug'>): Caller {
  return { kind: 'system', id: 'command line', tenant: root, permissions: new Set(['*:*']), managedGroups: new Set() };
}
