import type { Database } from '../db/database.ts';
import type { Access } from './access.ts';
import type { Consents } from './consents.ts';

interface ConsentRow {
  scopes: string[];
  claims: string[];
  resources: Record<string, string[]>;
}

export function createPostgresConsents(db: Database): Consents {
  const find = (tenantId: string, userId: string, clientId: string, lock = false) =>
    db.one<ConsentRow>(
      `select scopes, claims, resources from consents where tenant_id = $1 and user_id = $2 and client_id = $3${lock ? ' for update' : ''}`,
      [tenantId, userId, clientId],
    );

  return {
    find: (tenantId, userId, clientId) => find(tenantId, userId, clientId),

    add: (tenantId, userId, clientId, allowed) =>
      db.unitOfWork(async () => {
        const { scopes, claims, resources } = union(await find(tenantId, userId, clientId, true), allowed);
        await db.query(
          `insert into consents (tenant_id, user_id, client_id, scopes, claims, resources) values ($1, $2, $3, $4, $5, $6)
           on conflict (tenant_id, user_id, client_id) do update
              set scopes = excluded.scopes, claims = excluded.claims, resources = excluded.resources, granted_at = now()`,
          [tenantId, userId, clientId, scopes, claims, JSON.stringify(resources)],
        );
      }),
  };
}

function union(before: Access | undefined, now: Access): Access {
  if (!before) return now;
  const resources = new Set([...Object.keys(before.resources), ...Object.keys(now.resources)]);
  return {
    scopes: joined(before.scopes, now.scopes),
    claims: joined(before.claims, now.claims),
    resources: Object.fromEntries(
      [...resources].map((name) => [name, joined(before.resources[name] ?? [], now.resources[name] ?? [])]),
    ),
  };
}

function joined(first: readonly string[], second: readonly string[]): string[] {
  return [...new Set([...first, ...second])];
}
