import type { TenantAdministration, TenantRecord } from '../../tenants/administer-tenants.ts';
import type { Target } from '../changes.ts';
import type { Call } from '../route.ts';
import { shownTenant } from './tenant-shape.ts';
import type { ShownTenant } from './tenant-shape.ts';

export interface TenantTargetDeps {
  tenantAdministration: TenantAdministration;
  issuerOf(tenant: Pick<TenantRecord, 'slug' | 'settings'>): string;
}

/** A tenant itself, as what is read and written. */
export function tenantTarget({ tenantAdministration: tenants, issuerOf }: TenantTargetDeps) {
  async function read(id: string): Promise<ShownTenant | undefined> {
    const record = await tenants.find(id);
    return record && shownTenant(record, issuerOf(record));
  }
  const targetOf = ({ tenant: { id } }: Pick<Call, 'tenant'>): Target<ShownTenant> => ({
    name: 'tenant',
    lock: () => tenants.lock(id),
    read: () => read(id),
  });
  return { read, targetOf };
}
