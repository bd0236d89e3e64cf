// The part of the composition that every command needs: the storage, and the use cases upon it that serve no request.

import { createPostgresAuditLog } from './audit/audit-log-postgres.ts';
import { createPostgresAudit } from './audit/audit-postgres.ts';
import { createPostgresAuditTrail } from './audit/audit-trail-postgres.ts';
import { createPostgresSeals } from './audit/seals-postgres.ts';
import { createPostgresClients, declaredClients } from './clients/clients-postgres.ts';
import type { Configuration } from './config.ts';
import { openEmbedded } from './db/database-pglite.ts';
import { openPostgres } from './db/database-postgres.ts';
import type { OpenDatabase } from './db/pooled-database.ts';
import { createPostgresDeliveries } from './delivery/deliveries-postgres.ts';
import { createPostgresOutbox } from './delivery/outbox-postgres.ts';
import { createPostgresKeys } from './keys/keys-postgres.ts';
import { createKeys } from './keys/keys.ts';
import type { Log } from './observability/log.ts';
import { createPostgresRoles, declaredRoles } from './roles/roles-postgres.ts';
import { createRoles } from './roles/roles.ts';
import { createPostgresEnrolments } from './second-factors/enrolments-postgres.ts';
import { createPostgresTrustedDevices } from './second-factors/trusted-devices-postgres.ts';
import { createEncryption } from './security/encryption.ts';
import type { Encryption } from './security/encryption.ts';
import { createHashInLanes, createPasswordHash } from './security/password-hash.ts';
import { createPostgresSessionList } from './sessions/session-list-postgres.ts';
import { createPostgresSessions } from './sessions/sessions-postgres.ts';
import { applyConfiguration } from './tenants/apply-configuration.ts';
import { createTenantCaches } from './tenants/tenant-caches.ts';
import { createPostgresTenants, declaredDirectories, declaredTenants } from './tenants/tenants-postgres.ts';
import { createPostgresUsers } from './users/users-postgres.ts';
import { followForWebhooks } from './webhooks/webhook-events.ts';
import { createPostgresWebhooks } from './webhooks/webhooks-postgres.ts';

/** What holds the data; enough for the commands that serve nothing. */
export interface Storage {
  db: OpenDatabase;
  encryption: Encryption;
}

export async function openStorage(configuration: Configuration, log: Log): Promise<Storage> {
  const { databaseUrl, databasePool, dataFolder, encryption } = configuration;
  const db =
    databaseUrl === undefined
      ? await openEmbedded({ folder: dataFolder, onError: warn(log, 'the embedded database could not be tidied') })
      : openPostgres({ url: databaseUrl, poolMax: databasePool.max });
  return { db, encryption: createEncryption(encryption.keys) };
}

export type Core = ReturnType<typeof composeCore>;

/** The use cases that the command line needs, too. */
export function composeCore({ db, encryption }: Storage, caches = createTenantCaches()) {
  const webhooks = createPostgresWebhooks(db, encryption);
  const outbox = createPostgresOutbox(db, encryption);
  const audit = createPostgresAudit(db, followForWebhooks({ webhooks, outbox, caches }));
  const keys = createKeys(db, createPostgresKeys(db, encryption), audit);
  return {
    unitOfWork: db.unitOfWork,
    audit,
    webhooks,
    outbox,
    deliveries: createPostgresDeliveries(db, encryption),
    auditTrail: createPostgresAuditTrail(db),
    auditLog: createPostgresAuditLog(db),
    seals: createPostgresSeals(db),
    keys,
    tenants: createPostgresTenants(db, encryption),
    users: createPostgresUsers(db),
    clients: createPostgresClients(db, encryption),
    roles: createRoles(createPostgresRoles(db)),
    sessions: createPostgresSessions(db),
    sessionList: createPostgresSessionList(db),
    enrolments: createPostgresEnrolments(db, encryption),
    trustedDevices: createPostgresTrustedDevices(db),
    passwordHash: createPasswordHash(),
    hashInLane: createHashInLanes(),
    applyConfiguration: (declarations: Configuration['tenants']) =>
      applyConfiguration(declarations, {
        db,
        keys,
        audit,
        tenants: declaredTenants(db, encryption),
        directories: declaredDirectories(db, encryption),
        roles: declaredRoles(db),
        clients: declaredClients(db, encryption),
      }),
  };
}

/** Tells the log of what failed in the background and mends itself. */
export function warn(log: Log, message: string): (err: unknown) => void {
  return (err) => {
    log.warn({ err }, message);
  };
}
