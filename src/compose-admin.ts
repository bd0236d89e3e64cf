// The management surface: its routes, each folder's own, and what runs them for a request or for the command line.

import { adminRoutes } from './admin/admin-routes.ts';
import { apiKeyRoutes } from './admin/api-key-routes.ts';
import { createChanges } from './admin/changes.ts';
import { clientRoleRoutes } from './admin/client-role-routes.ts';
import { clientRoutes } from './admin/client-routes.ts';
import { clientSecretRoutes } from './admin/client-secret-routes.ts';
import { directoryRoutes } from './admin/directory-routes.ts';
import { directoryTrialRoutes } from './admin/directory-trial-routes.ts';
import { createDispatch } from './admin/dispatch.ts';
import { keyRoutes } from './admin/key-routes.ts';
import { docsPages } from './admin/docs-pages.ts';
import { createPostgresIdempotency } from './admin/idempotency-postgres.ts';
import { explainRoutes } from './admin/explain-routes.ts';
import { importRoutes } from './admin/import-routes.ts';
import { createListQuery } from './admin/list-query.ts';
import { createRequestLimits } from './admin/request-limits.ts';
import { resourceRoutes } from './admin/resource-routes.ts';
import { resourceTypeRoutes } from './admin/resource-type-routes.ts';
import { roleRoutes } from './admin/role-routes.ts';
import type { AdminRoute } from './admin/route.ts';
import { auditRoutes } from './admin/audit-routes.ts';
import { deliveryRoutes } from './admin/delivery-routes.ts';
import { sessionRoutes } from './admin/session-routes.ts';
import { webhookRoutes } from './admin/webhook-routes.ts';
import { settingsRoutes } from './admin/settings-routes.ts';
import { tenantRoutes } from './admin/tenant-routes.ts';
import { tenantStatusRoutes } from './admin/tenant-status-routes.ts';
import { createServedDocument } from './admin/served-document.ts';
import { composeAuthority } from './compose-authority.ts';
import type { Base } from './compose-base.ts';
import { composeBulk, composeExplain } from './compose-bulk.ts';
import { composeClients } from './compose-clients.ts';
import { composeGroupRoutes } from './compose-groups.ts';
import type { DeliveryParts } from './compose-delivery.ts';
import { composeLinks } from './compose-links.ts';
import type { PageParts } from './compose-pages.ts';
import type { People } from './compose-people.ts';
import type { SecondFactors } from './compose-second-factors.ts';
import { composeTenants } from './compose-tenants.ts';
import { composeUserRoutes } from './compose-users.ts';

export interface AdminParts {
  base: Base;
  pages: PageParts;
  people: People;
  delivery: DeliveryParts;
  factors: SecondFactors;
}

export type Administration = ReturnType<typeof composeAdmin>;

export function composeAdmin({ base, pages, people, delivery, factors }: AdminParts) {
  const authority = composeAuthority(base, people);
  const own = { ...composeTenants(base), ...authority, changes: createChanges(base) };
  const parts = { ...base, ...people, ...delivery, ...factors, ...own };
  const clients = { ...parts, ...composeClients(base) };
  // One line for each file of routes.
  const routes: AdminRoute[] = [
    ...importRoutes(composeBulk(base)),
    ...explainRoutes(composeExplain(base, people, delivery, factors)),
    ...composeUserRoutes({ ...parts, ...composeLinks(base, pages, delivery, factors) }),
    ...tenantRoutes(parts),
    ...tenantStatusRoutes(parts),
    ...settingsRoutes(parts),
    ...directoryRoutes(parts),
    ...directoryTrialRoutes(parts),
    ...composeGroupRoutes(parts),
    ...keyRoutes(parts),
    ...clientRoutes(clients),
    ...clientRoleRoutes(clients),
    ...clientSecretRoutes(clients),
    ...roleRoutes(parts),
    ...resourceTypeRoutes(parts),
    ...apiKeyRoutes(parts),
    ...auditRoutes(parts),
    ...webhookRoutes(parts),
    ...deliveryRoutes(parts),
    ...sessionRoutes(parts),
  ];
  const { readListQuery, writeCursor } = createListQuery(base.encryption);
  const { authenticate } = authority;
  return { routes, authenticate, dispatch: createDispatch({ ...base, readListQuery, writeCursor }) };
}

/** What of it a serving process answers: the API and its documentation. */
export function serveAdmin({ base, pages }: Pick<AdminParts, 'base' | 'pages'>, admin: Administration) {
  const { publicUrl, db, encryption, store, log } = base;
  return [
    adminRoutes({
      ...admin,
      publicUrl,
      limits: createRequestLimits(store),
      idempotency: createPostgresIdempotency(db, encryption),
      log,
      document: createServedDocument(admin.routes, publicUrl),
    }),
    docsPages({ publicUrl, assetUrl: pages.staticFiles.assetUrl }),
    resourceRoutes(publicUrl),
  ] as const;
}
