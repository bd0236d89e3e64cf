// The demo's way in to the admin API: a key of the tenant root, made at its start. The embedded database is the server's alone, so
// that `sallyport api-keys create` has nothing to make one in.

import { ADMIN_PERMISSIONS } from '../admin/permissions.ts';
import { createPostgresApiKeys } from '../api-keys/api-keys-postgres.ts';
import { createApiKeys } from '../api-keys/api-keys.ts';
import type { Core } from '../compose-core.ts';
import type { Database } from '../db/database.ts';
import { ROOT_TENANT } from '../tenants/tenants.ts';

const DAY_MS = 86_400_000;

/** Answers the key, which permits everything in every tenant. */
export async function makeApiKey(db: Database, { tenants }: Pick<Core, 'tenants'>): Promise<string> {
  const root = await tenants.bySlug(ROOT_TENANT);
  if (!root) throw new Error('the demo has no tenant root');
  const { key } = await createApiKeys({ store: createPostgresApiKeys(db), tenants }).create(root.id, {
    name: 'demo',
    permissions: ADMIN_PERMISSIONS,
    createdBy: 'system:demo',
    expiresAt: new Date(Date.now() + 30 * DAY_MS),
  });
  return key;
}
