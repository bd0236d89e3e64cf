// Which of the library's models lives where: what must survive in Postgres, what lives minutes in the ephemeral store.

import type { Adapter, AdapterFactory, AdapterPayload, ResponseType } from 'oidc-provider';

import { ACCOUNT_CLIENT, accountClient } from '../clients/account-client.ts';
import type { Clients } from '../clients/clients.ts';
import type { Database } from '../db/database.ts';
import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { createEphemeralArtifacts } from './artifacts-ephemeral.ts';
import { createGrantArtifacts, createRefreshTokenArtifacts, endGrant } from './artifacts-postgres.ts';
import { scopeFor } from './client-scope.ts';
import { secretsNow } from './client-secrets.ts';
import { createSessionArtifacts } from './session-artifact.ts';

export interface ArtifactDeps {
  db: Database;
  store: EphemeralStore;
  sessions: Sessions;
  clients: Clients;
  sessionEnded(session: { uid: string; userId: string | undefined }): Promise<void>;
}

export function createArtifacts(tenant: Tenant, issuer: string, deps: ArtifactDeps): AdapterFactory {
  const { db, store, sessions, clients, sessionEnded } = deps;
  const { policy, tokens } = tenant.settings;
  const postgres = { db, tenantId: tenant.id, refreshReuseLeeway: tokens.refreshReuseLeeway };

  return (model): Adapter => {
    switch (model) {
      case 'Client':
        return createClientArtifacts(tenant.id, issuer, clients);
      case 'Session':
        return createSessionArtifacts({
          sessions,
          tenantId: tenant.id,
          idle: policy.sessionIdle,
          absolute: policy.sessionAbsolute,
          ended: sessionEnded,
        });
      case 'Grant':
        return createGrantArtifacts(postgres);
      case 'RefreshToken':
        return createRefreshTokenArtifacts(postgres);
      default:
        return createEphemeralArtifacts(model, {
          store,
          tenantId: tenant.id,
          endGrant: (grantId) => endGrant(db, tenant.id, grantId),
        });
    }
  };
}

/** Clients are read only: the configuration file and the admin API write them, not the protocol. */
function createClientArtifacts(tenantId: string, issuer: string, clients: Clients): Adapter {
  return {
    async find(id): Promise<AdapterPayload | undefined> {
      if (id === ACCOUNT_CLIENT) return accountClient(issuer);
      const client = await clients.find(tenantId, id);
      if (!client) return undefined;
      const { clientId, metadata } = client;
      // A service has no response types, and so needs no redirect_uris (RFC 7591 2.1).
      const response_types: ResponseType[] = metadata.grant_types.includes('authorization_code') ? ['code'] : [];
      return { ...metadata, ...scopeFor(metadata.scope), response_types, client_id: clientId, ...secretsNow(client) };
    },
    upsert: readOnly,
    consume: readOnly,
    destroy: readOnly,
    revokeByGrantId: readOnly,
    findByUid: () => Promise.resolve(undefined),
    findByUserCode: () => Promise.resolve(undefined),
  };
}

function readOnly(): Promise<never> {
  return Promise.reject(new Error('clients are not written through the protocol'));
}
