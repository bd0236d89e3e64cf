// What becomes of a tenant: suspended and resumed, deleted and restored, by administrators of the root tenant.

import type { Audit } from '../../audit/audit.ts';
import type { Outcome } from '../../outcome.ts';
import type { StatusRefusal } from '../../tenants/administer-tenants.ts';
import { actorOf } from '../caller.ts';
import type { Changes, WriteEvent } from '../changes.ts';
import { invalid } from '../checked.ts';
import { Problem } from '../problem.ts';
import { route } from '../route.ts';
import type { AdminRoute, Answer, Call, Method } from '../route.ts';
import { deletionQuery, tenantShape } from './tenant-shape.ts';
import type { ShownTenant } from './tenant-shape.ts';
import { tenantTarget } from './tenant-target.ts';
import type { TenantTargetDeps } from './tenant-target.ts';

export interface TenantStatusRoutesDeps extends TenantTargetDeps {
  changes: Changes;
  audit: Audit;
}

const TAG = 'Tenants';
const ONE = '/tenants/{tenant}';

export function tenantStatusRoutes(deps: TenantStatusRoutesDeps): AdminRoute[] {
  const { tenantAdministration: tenants, changes, audit } = deps;
  const { targetOf } = tenantTarget(deps);

  type Change = (tenantId: string) => Promise<Outcome<void, StatusRefusal>>;
  const changeStatus = (
    call: Call,
    method: Method,
    type: WriteEvent['type'],
    change: Change,
  ): Promise<Answer<ShownTenant>> => {
    const subject = { kind: 'tenant', id: call.tenant.id } as const;
    return changes.amend(call, method, targetOf(call), { type, subject }, async () => {
      const changed = await change(call.tenant.id);
      if (!changed.ok) throw refusal(changed.reason);
      // The tenant's own trail goes with it.
      const actor = actorOf(call.caller, call.caller.tenant.id);
      const detail = { slug: call.tenant.slug };
      await audit.record({ type, tenantId: call.caller.tenant.id, actor, subject, detail });
    });
  };

  return [
    route(
      {
        id: 'deleteTenant',
        method: 'DELETE',
        path: ONE,
        tag: TAG,
        summary: 'Delete a tenant with all that is in it, after a time of grace',
        description:
          'It is suspended at once. Until `deleteAfter` it can be restored; then its people, applications, tokens, keys and its audit trail are deleted for good.',
        permission: 'tenants:write',
        also: 'root',
        query: deletionQuery,
        status: 202,
        answer: tenantShape,
      },
      async (call) => {
        const { confirm, grace } = call.query;
        if (confirm !== call.tenant.slug) {
          throw invalid([{ parameter: 'confirm', detail: "repeat the tenant's slug here" }]);
        }
        const answer = await changeStatus(call, 'DELETE', 'tenant.deletion_requested', (id) =>
          tenants.requestDeletion(id, grace),
        );
        if (grace === 0) await tenants.deleteDue(call.tenant.id);
        return answer;
      },
    ),

    route(
      {
        id: 'suspendTenant',
        method: 'POST',
        path: `${ONE}:suspend`,
        tag: TAG,
        summary: 'Suspend a tenant: nobody signs in, no token is good, and all data stays',
        permission: 'tenants:write',
        also: 'root',
        answer: tenantShape,
      },
      (call) => changeStatus(call, 'POST', 'tenant.suspended', tenants.suspend),
    ),

    route(
      {
        id: 'resumeTenant',
        method: 'POST',
        path: `${ONE}:resume`,
        tag: TAG,
        summary: 'Serve a suspended tenant again',
        permission: 'tenants:write',
        also: 'root',
        answer: tenantShape,
      },
      (call) => changeStatus(call, 'POST', 'tenant.resumed', tenants.resume),
    ),

    route(
      {
        id: 'restoreTenant',
        method: 'POST',
        path: `${ONE}:restore`,
        tag: TAG,
        summary: 'Withdraw the deletion of a tenant, which stays suspended',
        permission: 'tenants:write',
        also: 'root',
        answer: tenantShape,
      },
      (call) => changeStatus(call, 'POST', 'tenant.deletion_withdrawn', tenants.withdrawDeletion),
    ),
  ];
}

const REFUSALS = {
  root: ['built-in', 'The tenant root administers the others: it can be neither suspended nor deleted.'],
  already: ['wrong-state', 'The tenant is in that state already.'],
  'to-be-deleted': ['wrong-state', 'The tenant is to be deleted: restore it first.'],
  'not-to-be-deleted': ['wrong-state', 'The tenant is not to be deleted.'],
  'too-late': ['wrong-state', 'The tenant is being deleted.'],
} as const;

function refusal(reason: StatusRefusal): Problem {
  const [code, detail] = REFUSALS[reason];
  return new Problem(code, detail);
}
