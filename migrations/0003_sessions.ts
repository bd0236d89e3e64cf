import type { Knex } from 'knex';

/** Sessions with one row for each client signed in, grants, and refresh tokens. Ids that are bearer secrets are kept as SHA-256. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table sessions (
      tenant_id uuid not null references tenants on delete cascade,
      uid text not null,
      id_hash text not null,
      user_id uuid,
      acr text,
      amr text[],
      auth_time timestamptz,
      state jsonb,
      proofs jsonb,
      address text,
      user_agent text,
      created_at timestamptz not null default now(),
      signed_in_at timestamptz,
      last_seen_at timestamptz not null default now(),
      expires_at timestamptz not null,
      -- A tombstone, kept until the row would have expired anyway: a save still in flight must not bring the session back.
      ended_at timestamptz,
      primary key (tenant_id, uid),
      unique (tenant_id, id_hash),
      foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
    );
    create index sessions_by_user on sessions (tenant_id, user_id);
    create index sessions_expiry on sessions (expires_at);

    create table session_authorizations (
      tenant_id uuid not null references tenants on delete cascade,
      session_uid text not null,
      client_id text not null,
      sid text not null,
      grant_id text,
      persists_logout boolean not null default false,
      created_at timestamptz not null default now(),
      primary key (tenant_id, session_uid, client_id)
    );

    create table grants (
      tenant_id uuid not null references tenants on delete cascade,
      id text not null,
      user_id uuid not null,
      client_id text not null,
      payload jsonb not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      primary key (tenant_id, id),
      foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
      foreign key (tenant_id, client_id) references clients (tenant_id, client_id) on delete cascade
    );
    create index grants_by_user on grants (tenant_id, user_id);
    create index grants_expiry on grants (expires_at);

    create table refresh_tokens (
      tenant_id uuid not null,
      id_hash text not null,
      grant_id text not null,
      payload jsonb not null,
      consumed_at timestamptz,
      expires_at timestamptz not null,
      primary key (tenant_id, id_hash),
      foreign key (tenant_id, grant_id) references grants (tenant_id, id) on delete cascade
    );
    create index refresh_tokens_by_grant on refresh_tokens (tenant_id, grant_id);
    create index refresh_tokens_expiry on refresh_tokens (expires_at);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table refresh_tokens, grants, session_authorizations, sessions');
}
