import type { Database } from '../db/database.ts';
import type { Encryption, Place } from '../security/encryption.ts';
import type { DeclaredEntries } from '../tenants/apply-configuration.ts';
import { readStored } from '../tenants/stored-settings.ts';
import type { ClientDeclaration } from '../tenants/tenant-declaration.ts';
import type { Owner } from '../tenants/tenants.ts';
import { clientMetadata } from './client-metadata.ts';
import type { Client, Clients } from './clients.ts';

interface ClientRow {
  client_id: string;
  metadata: unknown;
  secret: string | null;
}

export function createPostgresClients(db: Database, encryption: Encryption): Clients {
  return {
    async find(tenantId, clientId) {
      // A request can hold NUL, which Postgres refuses to compare.
      if (clientId.includes('\0')) return undefined;
      const row = await db.one<ClientRow>(
        'select client_id, metadata, secret from clients where tenant_id = $1 and client_id = $2',
        [tenantId, clientId],
      );
      return row && readClient(tenantId, row, encryption);
    },

    async list(tenantId) {
      const rows = await db.query<ClientRow>(
        'select client_id, metadata, secret from clients where tenant_id = $1 order by client_id',
        [tenantId],
      );
      return rows.map((row) => readClient(tenantId, row, encryption));
    },
  };
}

export function declaredClients(db: Database, encryption: Encryption): DeclaredEntries<ClientDeclaration> {
  return {
    async read(tenantId) {
      const rows = await db.query<ClientRow & { owner: Owner }>(
        'select client_id, owner, metadata, secret from clients where tenant_id = $1',
        [tenantId],
      );
      return rows.map((row) => {
        const { metadata, secret } = readClient(tenantId, row, encryption);
        return { name: row.client_id, owner: row.owner, value: { metadata, secret } };
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
    },
  };
}

function readClient(tenantId: string, { client_id, metadata, secret }: ClientRow, encryption: Encryption): Client {
  return {
    clientId: client_id,
    metadata: readStored(clientMetadata, metadata),
    secret: secret === null ? undefined : encryption.decrypt(secret, secretPlace(tenantId, client_id)),
  };
}

function secretPlace(tenantId: string, clientId: string): Place {
  return { table: 'clients', column: 'secret', row: `${tenantId}/${clientId}` };
}
