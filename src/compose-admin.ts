// The management surface: its routes, each folder's own, and what runs them for a request or for the command line.

import { adminRoutes } from './admin/http/admin-routes.ts';
import { apiKeyRoutes } from './admin/routes/api-key-routes.ts';
import { createChanges } from './admin/changes.ts';
import { clientRoleRoutes } from './admin/routes/client-role-routes.ts';
import { clientRoutes } from './admin/routes/client-routes.ts';
import { clientSecretRoutes } from './admin/routes/client-secret-routes.ts';
import { directoryRoutes } from './admin/routes/directory-routes.ts';
import { directoryTrialRoutes } from './admin/routes/directory-trial-routes.ts';
import { createDispatch } from './admin/dispatch.ts';
import { keyRoutes } from './admin/routes/key-routes.ts';
import { docsPages } from './admin/http/docs-pages.ts';
import { createPostgresIdempotency } from './admin/http/idempotency-postgres.ts';
import { explainRoutes } from './admin/explain/explain-routes.ts';
import { importRoutes } from './admin/routes/import-routes.ts';
import { createListQuery } from './admin/list-query.ts';
import { createRequestLimits } from './admin/http/request-limits.ts';
import { resourceRoutes } from './admin/http/resource-routes.ts';
import { resourceTypeRoutes } from './admin/routes/resource-type-routes.ts';
import { roleRoutes } from './admin/routes/role-routes.ts';
import type { AdminRoute } from './admin/route.ts';
import { auditRoutes } from './admin/routes/audit-routes.ts';
import { deliveryRoutes } from './admin/routes/delivery-routes.ts';
import { sessionRoutes } from './admin/routes/session-routes.ts';
import { webhookRoutes } from './admin/routes/webhook-routes.ts';
import { settingsRoutes } from './admin/routes/settings-routes.ts';
import { tenantRoutes } from './admin/routes/tenant-routes.ts';
import { tenantStatusRoutes } from './admin/routes/tenant-status-routes.ts';
import { createServedDocument } from './admin/http/served-document.ts';
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
