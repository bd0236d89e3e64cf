// The management surface: its routes, each folder's own, and what runs them for a request or for the command line.

import { createChanges } from './admin/changes.ts';
import { createDispatch } from './admin/dispatch.ts';
import { explainRoutes } from './admin/explain/explain-routes.ts';
import { adminRoutes } from './admin/http/admin-routes.ts';
import { docsPages } from './admin/http/docs-pages.ts';
import { createPostgresIdempotency } from './admin/http/idempotency-postgres.ts';
import { createRequestLimits } from './admin/http/request-limits.ts';
import { resourceRoutes } from './admin/http/resource-routes.ts';
import { createServedDocument } from './admin/http/served-document.ts';
import { createUnderWay } from './admin/http/under-way.ts';
import { createListQuery } from './admin/list-query.ts';
import { createPostgresCountMade } from './admin/room-postgres.ts';
import { createAssertRoom } from './admin/room.ts';
import type { AdminRoute } from './admin/route.ts';
import { apiKeyRoutes } from './admin/routes/api-key-routes.ts';
import { auditRoutes } from './admin/routes/audit-routes.ts';
import { clientRoleRoutes } from './admin/routes/client-role-routes.ts';
import { clientRoutes } from './admin/routes/client-routes.ts';
import { clientSecretRoutes } from './admin/routes/client-secret-routes.ts';
import { deliveryRoutes } from './admin/routes/delivery-routes.ts';
import { directoryGroupRoutes } from './admin/routes/directory-group-routes.ts';
import { directoryRoutes } from './admin/routes/directory-routes.ts';
import { directoryTrialRoutes } from './admin/routes/directory-trial-routes.ts';
import { groupRoutes } from './admin/routes/group-routes.ts';
import { importRoutes } from './admin/routes/import-routes.ts';
import { keyRoutes } from './admin/routes/key-routes.ts';
import { resourceTypeRoutes } from './admin/routes/resource-type-routes.ts';
import { roleRoutes } from './admin/routes/role-routes.ts';
import { sessionRoutes } from './admin/routes/session-routes.ts';
import { settingsRoutes } from './admin/routes/settings-routes.ts';
import { tenantRoutes } from './admin/routes/tenant-routes.ts';
import { tenantStatusRoutes } from './admin/routes/tenant-status-routes.ts';
import { userConsentRoutes } from './admin/routes/user-consent-routes.ts';
import { userFactorRoutes } from './admin/routes/user-factor-routes.ts';
import { userGroupRoutes } from './admin/routes/user-group-routes.ts';
import { userLinkRoutes } from './admin/routes/user-link-routes.ts';
import { userRoleRoutes } from './admin/routes/user-role-routes.ts';
import { userRoutes } from './admin/routes/user-routes.ts';
import { userSessionRoutes } from './admin/routes/user-session-routes.ts';
import { userStatusRoutes } from './admin/routes/user-status-routes.ts';
import { webhookRoutes } from './admin/routes/webhook-routes.ts';
import { createAdministerClients } from './clients/administer-clients.ts';
import { createPostgresClientStore } from './clients/clients-administration-postgres.ts';
import { composeAuthority } from './compose-authority.ts';
import type { Base } from './compose-base.ts';
import type { DeliveryParts } from './compose-delivery.ts';
import { composeExplain } from './compose-explain.ts';
import { composeLinks } from './compose-links.ts';
import type { PageParts } from './compose-pages.ts';
import type { People } from './compose-people.ts';
import type { SecondFactors } from './compose-second-factors.ts';
import { composeTenants } from './compose-tenants.ts';
import { composeUsers } from './compose-users.ts';

export interface AdminParts {
  base: Base;
  pages: PageParts;
  people: People;
  delivery: DeliveryParts;
  factors: SecondFactors;
}

export type Administration = ReturnType<typeof composeAdmin>;

export function composeAdmin({ base, pages, people, delivery, factors }: AdminParts) {
  const { db, encryption } = base;
  const authority = composeAuthority(base, people);
  const parts = {
    ...base,
    ...people,
    ...delivery,
    ...factors,
    ...authority,
    ...composeTenants(base),
    ...composeUsers(base, delivery, authority),
    ...composeLinks(base, pages, delivery, factors),
    administerClients: createAdministerClients({ db, store: createPostgresClientStore(db, encryption) }),
    explain: composeExplain(base, people, delivery, factors),
    changes: createChanges({ ...base, assertRoom: createAssertRoom(createPostgresCountMade(db)) }),
  };
  // One line for each file of routes.
  const routes: AdminRoute[] = [
    ...importRoutes(parts),
    ...explainRoutes(parts),
    ...userRoutes(parts),
    ...userStatusRoutes(parts),
    ...userSessionRoutes(parts),
    ...userFactorRoutes(parts),
    ...userLinkRoutes(parts),
    ...userConsentRoutes(parts),
    ...userRoleRoutes(parts),
    ...userGroupRoutes(parts),
    ...tenantRoutes(parts),
    ...tenantStatusRoutes(parts),
    ...settingsRoutes(parts),
    ...directoryRoutes(parts),
    ...directoryTrialRoutes(parts),
    ...groupRoutes(parts),
    ...directoryGroupRoutes(parts),
    ...keyRoutes(parts),
    ...clientRoutes(parts),
    ...clientRoleRoutes(parts),
    ...clientSecretRoutes(parts),
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
      underWay: createUnderWay(),
      idempotency: createPostgresIdempotency(db, encryption),
      log,
      document: createServedDocument(admin.routes, publicUrl),
    }),
    docsPages({ publicUrl, assetUrl: pages.staticFiles.assetUrl }),
    resourceRoutes(publicUrl),
  ] as const;
}
