// Tenants, as the admin API shows them and takes them.

import { z } from 'zod';

import type { TenantRecord } from '../../tenants/administer-tenants.ts';
import { tenantName, tenantSettings, tenantSlug } from '../../tenants/tenant-settings.ts';
import { newDirectory } from './directory-shape.ts';
import { idParam, time } from '../route.ts';

export const tenantShape = z
  .strictObject({
    id: idParam,
    slug: z.string().describe('Its name in a URL'),
    name: z.string().describe('Shown to people'),
    issuer: z.string().describe('Of its tokens (OpenID Connect Core 2)'),
    status: z
      .enum(['active', 'suspended'])
      .describe('suspended: nobody signs in, no token is good, and all data stays'),
    managedBy: z.enum(['file', 'api']).describe('What the configuration file declares is changed there'),
    deleteAfter: time.nullable().describe('It is deleted then, with all that is in it, unless it is restored before'),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Tenant' });
export type ShownTenant = z.output<typeof tenantShape>;

export const newTenant = z
  .strictObject({
    slug: tenantSlug.describe('Its name in a URL, for good'),
    name: tenantName,
    settings: tenantSettings.prefault({}).describe('As PUT …/settings takes them'),
    directories: z
      .array(newDirectory)
      .max(20)
      .default([])
      .describe('Where its people come from, in the order in which they are asked'),
  })
  .meta({ id: 'NewTenant', examples: [{ slug: 'initech', name: 'Initech' }] });

export const tenantPatch = z.strictObject({ name: tenantName.optional() }).meta({ id: 'TenantPatch' });

export const deletionQuery = z.strictObject({
  confirm: z.string().optional().describe("The tenant's slug"),
  grace: z.coerce
    .number()
    .int()
    .min(0)
    .max(90)
    .default(30)
    .describe('Days in which it can be restored. 0: it is deleted at once'),
});

export function shownTenant(record: TenantRecord, issuer: string): ShownTenant {
  const { id, slug, name, status, owner, deleteAfter, createdAt, updatedAt } = record;
  return {
    id,
    slug,
    name,
    issuer,
    status,
    managedBy: owner,
    deleteAfter: deleteAfter?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
