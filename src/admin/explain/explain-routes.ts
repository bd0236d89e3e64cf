import type { Audit } from '../../audit/audit.ts';
import { actorOf } from '../caller.ts';
import type { Explain } from './explain.ts';
import { explainRequest, explanation } from './explain-shape.ts';
import type { Explanation } from './explain-shape.ts';
import { route } from '../route.ts';
import type { AdminRoute } from '../route.ts';

export function explainRoutes({ explain, audit }: { explain: Explain; audit: Audit }): AdminRoute[] {
  return [
    route(
      {
        id: 'explain',
        method: 'POST',
        path: '/tenants/{tenant}/explain',
        tag: 'Explain',
        summary: 'Explain whether somebody could sign in, and what tokens would say of them',
        description: 'No password is needed; nothing is issued, and nothing is changed.',
        permission: 'explain:read',
        safe: true,
        body: explainRequest,
        answer: explanation,
      },
      async ({ tenant, caller, body }) => {
        const explained = await explain(tenant, body);
        const { verdict } = explained;
        const detail = { verdict: verdict.code, ...(body.client_id !== undefined && { client: body.client_id }) };
        await audit.record({
          type: 'user.explained',
          tenantId: tenant.id,
          actor: actorOf(caller, tenant.id),
          ...whoIn(explained, detail),
        });
        return { body: explained };
      },
    ),
  ];
}

/** A name that means nobody may be a password that was typed into the wrong field, and is not kept. */
function whoIn({ account, entry }: Explanation, detail: Record<string, string>) {
  if (account?.id) return { subject: { kind: 'user', id: account.id } as const, detail };
  return { detail: { ...detail, ...(entry && { directory: entry.directory, entry: entry.dn }) } };
}
