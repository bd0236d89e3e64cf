import type { Database } from '../db/database.ts';
import type { BoundedEvent, CountMade } from './room.ts';

const COUNTS: Record<BoundedEvent, string> = {
  'client.created': `select count(*) as count from clients where tenant_id = $1 and owner = 'api'`,
  'group.created': 'select count(*) as count from groups where tenant_id = $1',
  'role.created': `select count(*) as count from roles where tenant_id = $1 and owner = 'api'`,
  'resource_type.created': 'select count(*) as count from resource_types where tenant_id = $1',
  'api_key.created': 'select count(*) as count from api_keys where tenant_id = $1',
  'directory.created': `select count(*) as count from directories where tenant_id = $1 and owner = 'api'`,
  'webhook.created': 'select count(*) as count from webhooks where tenant_id = $1',
};

export function createPostgresCountMade(db: Database): CountMade {
  return async (tenantId, kind) => (await db.one<{ count: number }>(COUNTS[kind], [tenantId]))?.count ?? 0;
}
