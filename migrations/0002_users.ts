import type { Knex } from 'knex';

/** People, their second factors, their consents, and how often somebody failed at their door. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table users (
      id uuid primary key,
      tenant_id uuid not null references tenants on delete cascade,
      username text not null,
      status text not null default 'active' check (status in ('active', 'disabled')),
      profile jsonb not null,

      -- A directory's user is joined to the entry by its immutable id; what the directory said last is kept for as long as it is fresh.
      directory_id uuid,
      stable_id text,
      directory_state text check (directory_state in ('enabled', 'disabled', 'gone')),
      directory_dn text,
      directory_groups jsonb,
      directory_checked_at timestamptz,

      -- A local user's login name is compared after normalisation.
      local_name text,
      password_hash text,

      last_totp_step bigint,
      created_at timestamptz not null default now(),
      last_login_at timestamptz,
      check (num_nulls(directory_id, stable_id, directory_dn, directory_groups, directory_state, directory_checked_at)
             in (0, 6)),
      check ((directory_id is null) = (local_name is not null)),
      unique (tenant_id, id),
      unique (tenant_id, directory_id, stable_id),
      unique (tenant_id, local_name),
      foreign key (tenant_id, directory_id) references directories (tenant_id, id)
    );

    create table enrolments (
      id uuid primary key,
      tenant_id uuid not null,
      user_id uuid not null,
      factor text not null,
      name text not null,
      secret text not null,
      created_at timestamptz not null default now(),
      last_used_at timestamptz,
      foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
    );
    create index enrolments_by_user on enrolments (tenant_id, user_id);

    create table consents (
      tenant_id uuid not null,
      user_id uuid not null,
      client_id text not null,
      scopes text[] not null,
      claims text[] not null,
      resources jsonb not null,
      granted_at timestamptz not null default now(),
      primary key (tenant_id, user_id, client_id),
      foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
      foreign key (tenant_id, client_id) references clients (tenant_id, client_id) on delete cascade
    );

    -- subject: a user's id, or what was typed where it names nobody.
    create table attempt_counters (
      tenant_id uuid not null references tenants on delete cascade,
      kind text not null check (kind in ('password', 'second-factor')),
      subject text not null,
      failures int not null,
      blocked_until timestamptz,
      last_attempt_at timestamptz not null,
      primary key (tenant_id, kind, subject)
    );
    create index attempt_counters_age on attempt_counters (last_attempt_at);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table attempt_counters, consents, enrolments, users');
}
