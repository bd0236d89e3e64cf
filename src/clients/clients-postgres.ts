import type { Database } from '../db/database.ts';
import type { Encryption, Place } from '../security/encryption.ts';
import type { DeclaredEntries } from '../tenants/apply-configuration.ts';
import { readStored } from '../tenants/stored-settings.ts';
import type { ClientDeclaration } from '../tenants/tenant-declaration.ts';
import type { Owner } from '../tenants/tenants.ts';
import { clientMetadata } from './client-metadata.ts';
import type { Client, Clients } from './clients.ts';

interface StoredClient {
  client_id: string;
  metadata: unknown;
  secret: string | null;
}
interface ClientRow extends StoredClient {
  /** The newest first. */
  secrets: { id: string; secret: string; expires_at: string | null }[] | null;
}

const SELECT = `
  select client_id, metadata, secret,
         (select jsonb_agg(jsonb_build_object('id', s.id, 'secret', s.secret, 'expires_at', s.expires_at)
                           order by s.created_at desc, s.id desc)
            from client_secrets s where s.tenant_id = c.tenant_id and s.client_id = c.client_id) as secrets
    from clients c`;

export function createPostgresClients(db: Database, encryption: Encryption): Clients {
  return {
    async find(tenantId, clientId) {
      // A request can hold NUL, which Postgres refuses to compare.
      if (clientId.includes('\0')) return undefined;
      const row = await db.one<ClientRow>(`${SELECT} where tenant_id = $1 and client_id = $2`, [tenantId, clientId]);
      return row && readClient(tenantId, row, encryption);
    },

    async list(tenantId) {
      const rows = await db.query<ClientRow>(`${SELECT} where tenant_id = $1 order by client_id`, [tenantId]);
      return rows.map((row) => readClient(tenantId, row, encryption));
    },
  };
}

export function declaredClients(db: Database, encryption: Encryption): DeclaredEntries<ClientDeclaration> {
  return {
    async read(tenantId) {
      const rows = await db.query<StoredClient & { owner: Owner }>(
        'select client_id, owner, metadata, secret from clients where tenant_id = $1',
        [tenantId],
      );
      return rows.map((row) => {
        return { name: row.client_id, owner: row.owner, value: declaredParts(tenantId, row, encryption) };
      });
    },

    async write(tenantId, clientId, { metadata, secret }) {
      const sealed = secret === undefined ? null : encryption.encrypt(secret, secretPlace(tenantId, clientId));
      await db.query(
        `insert into clients (tenant_id, client_id, metadata, secret, owner) values ($1, $2, $3, $4, 'file')
         on conflict (tenant_id, client_id) do update
         set metadata = excluded.metadata, secret = excluded.secret, owner = 'file', updated_at = now()`,
        [tenantId, clientId, JSON.stringify(metadata), sealed],
      );
      // What the admin API made for a client of this name is not to go on beside the file's.
      await db.query('delete from client_secrets where tenant_id = $1 and client_id = $2', [tenantId, clientId]);
    },
  };
}

function readClient(tenantId: string, row: ClientRow, encryption: Encryption): Client {
  return {
    clientId: row.client_id,
    ...declaredParts(tenantId, row, encryption),
    secrets: (row.secrets ?? []).map(({ id, secret, expires_at }) => ({
      secret: encryption.decrypt(secret, madeSecretPlace(tenantId, id)),
      expiresAt: expires_at === null ? undefined : new Date(expires_at),
    })),
  };
}

function declaredParts(tenantId: string, { client_id, metadata, secret }: StoredClient, encryption: Encryption) {
  return {
    metadata: readStored(clientMetadata, metadata),
    secret: secret === null ? undefined : encryption.decrypt(secret, secretPlace(tenantId, client_id)),
  };
}

function secretPlace(tenantId: string, clientId: string): Place {
  return { table: 'clients', column: 'secret', row: `${tenantId}/${clientId}` };
}

/** Of a row of client_secrets. */
export function madeSecretPlace(tenantId: string, id: string): Place {
  return { table: 'client_secrets', column: 'secret', row: `${tenantId}/${id}` };
}
