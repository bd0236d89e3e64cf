import type { Knex } from 'knex';

/** Tenants with what the configuration file or the admin API says of them, their keys, and the sequence that tells of changes. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table encryption_canaries (
      key_id text primary key,
      ciphertext text not null
    );

    -- One row: its lock makes versions commit in their order, so that a poller that has seen n has seen everything up to n.
    create table change_sequence (
      id int primary key check (id = 1),
      version bigint not null
    );
    insert into change_sequence (id, version) values (1, 0);

    create table tenants (
      id uuid primary key,
      slug text not null unique,
      name text not null,
      settings jsonb not null,
      secret text not null,
      status text not null default 'active' check (status in ('active', 'suspended')),
      owner text not null check (owner in ('file', 'api')),
      changed_version bigint not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create index tenants_changed_version on tenants (changed_version);
    create unique index tenants_host on tenants (lower(settings ->> 'host'));

    create table directories (
      id uuid primary key,
      tenant_id uuid not null references tenants on delete cascade,
      name text not null,
      position int not null,
      settings jsonb not null,
      bind_password text,
      owner text not null check (owner in ('file', 'api')),
      unique (tenant_id, id),
      unique (tenant_id, name)
    );

    create table roles (
      id uuid primary key,
      tenant_id uuid not null references tenants on delete cascade,
      name text not null,
      permissions text[] not null,
      inherits text[] not null,
      owner text not null check (owner in ('file', 'api')),
      unique (tenant_id, id),
      unique (tenant_id, name)
    );

    create table role_holders (
      tenant_id uuid not null,
      role_id uuid not null,
      kind text not null check (kind in ('user', 'group', 'client')),
      -- A user's id, a client_id, or a group as groups/group-reference.ts reads it.
      holder text not null,
      owner text not null check (owner in ('file', 'api')),
      primary key (tenant_id, role_id, kind, holder),
      foreign key (tenant_id, role_id) references roles (tenant_id, id) on delete cascade
    );
    create index role_holders_by_holder on role_holders (tenant_id, kind, holder);

    create table clients (
      tenant_id uuid not null references tenants on delete cascade,
      client_id text not null,
      metadata jsonb not null,
      secret text,
      owner text not null check (owner in ('file', 'api')),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (tenant_id, client_id)
    );

    create table signing_keys (
      tenant_id uuid not null references tenants on delete cascade,
      kid text not null,
      alg text not null,
      private_jwk text not null,
      state text not null check (state in ('next', 'active', 'retired')),
      created_at timestamptz not null default now(),
      retired_at timestamptz,
      primary key (tenant_id, kid)
    );
    create unique index signing_keys_one_active on signing_keys (tenant_id, alg) where state = 'active';
    create unique index signing_keys_one_next on signing_keys (tenant_id, alg) where state = 'next';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table signing_keys, clients, role_holders, roles, directories, tenants, change_sequence, encryption_canaries
  `);
}
