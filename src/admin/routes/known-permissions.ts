// Which permissions there are in a tenant: the admin API's, and those of the types that the tenant's own applications protect.

import type { z } from 'zod';

import type { ResourceType, ResourceTypes } from '../../roles/resource-types.ts';
import { invalid } from '../checked.ts';
import { ADMIN_RESOURCES, typeOf } from '../permissions.ts';
import type { permissionShape } from './role-shape.ts';

export function knownPermissions(
  own: readonly Pick<ResourceType, 'name' | 'actions'>[],
): z.output<typeof permissionShape>[] {
  const of = (resourceType: string, actions: readonly string[], managedBy: 'system' | 'api') =>
    actions.map((action) => ({ permission: `${resourceType}:${action}`, resourceType, action, managedBy }));
  return [
    ...Object.entries(ADMIN_RESOURCES).flatMap(([name, actions]) => of(name, actions, 'system')),
    ...own.flatMap(({ name, actions }) => of(name, actions, 'api')),
  ];
}

/**
 * `type:*` counts as well, where there is such a type. Everything, `*:*`, comes by holding `owner` alone.
 *
 * @throws Problem that points to the first of `#/permissions` that is none.
 */
export async function assertKnownPermissions(
  resourceTypes: Pick<ResourceTypes, 'all'>,
  tenantId: string,
  permissions: readonly string[],
): Promise<void> {
  const known = knownPermissions(await resourceTypes.all(tenantId)).map(({ permission }) => permission);
  const isKnown = (permission: string) =>
    known.includes(permission) ||
    (permission.endsWith(':*') && known.some((one) => typeOf(one) === typeOf(permission)));
  const unknown = permissions.findIndex((one) => !isKnown(one));
  if (unknown >= 0) throw invalid([{ pointer: `#/permissions/${String(unknown)}`, detail: 'is no permission' }]);
}
