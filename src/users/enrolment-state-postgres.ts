import type { EnrolmentState } from '../admin/explain/explain-policy.ts';
import type { Database } from '../db/database.ts';

/** Unlike the port's `grace`, it lets no time begin to run. Undefined for nobody. */
export type ReadEnrolmentState = (tenantId: string, userId: string) => Promise<EnrolmentState | undefined>;

export function createPostgresReadEnrolmentState(db: Database): ReadEnrolmentState {
  return async (tenantId, userId) => {
    const row = await db.one<{ since: Date | null; logins: number; byLinkOnly: boolean }>(
      `select grace_since as since, grace_logins as logins, enrols_by_link as "byLinkOnly"
         from users where tenant_id = $1 and id = $2`,
      [tenantId, userId],
    );
    if (!row) return undefined;
    const { since, logins, byLinkOnly } = row;
    return { grace: since ? { since, logins } : undefined, byLinkOnly };
  };
}
