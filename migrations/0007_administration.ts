import type { Knex } from 'knex';

const BUILT_IN = `array['owner', 'admin', 'helpdesk', 'auditor']`;

/**
 * A role of a configuration file under the name of a built-in one is no administrator's: it gets another name, `<name>-of-file`, and
 * whoever held it holds that. What names it follows: other roles, the tenant's policy, who may sign in to which client. So do names of
 * no role that a role of the file inherits, which would be those of administrators from now on.
 */
const FREE_THE_NAMES = `
    create table of_file as
    select t.id as tenant_id, built_in as name, r.id as role_id,
           (select candidate
              from generate_series(1, 1000) n, concat(built_in, '-of-file', case when n > 1 then '-' || n end) candidate
             where not exists (select from roles taken where taken.tenant_id = t.id and taken.name = candidate)
             order by n limit 1) as new_name
      from tenants t cross join unnest(${BUILT_IN}) built_in
      left join roles r on r.tenant_id = t.id and r.name = built_in and r.owner <> 'system';
    update roles r set inherits = array(
      select coalesce(o.new_name, inherited)
        from unnest(r.inherits) with ordinality as one (inherited, place)
        left join of_file o on o.tenant_id = r.tenant_id and o.name = inherited and (o.role_id is not null or r.owner = 'file')
       order by place)
     where inherits && ${BUILT_IN};
    update roles r set name = o.new_name from of_file o where o.role_id = r.id;
    ${['{allow,roles}', '{roles}'].map((path) => follow('clients', 'metadata', path)).join('')}
    ${follow('tenants', 'settings', '{policy,secondFactors,required,roles}')}
    with next as (
      update change_sequence set version = version + 1
       where id = 1 and exists (select from of_file where role_id is not null) returning version)
    update tenants t set changed_version = next.version from next
     where t.id in (select tenant_id from of_file where role_id is not null);
    drop table of_file;`;

/** A list of names of roles within a column follows those that were renamed. */
function follow(table: 'clients' | 'tenants', column: string, path: string): string {
  const tenantId = table === 'tenants' ? 't.id' : 't.tenant_id';
  return `
    update ${table} t set ${column} = jsonb_set(${column}, '${path}', (
      select jsonb_agg(coalesce(to_jsonb(o.new_name), named.role) order by place)
        from jsonb_array_elements(t.${column} #> '${path}') with ordinality as named (role, place)
        left join of_file o on o.tenant_id = ${tenantId} and to_jsonb(o.name) = named.role and o.role_id is not null))
     where jsonb_typeof(t.${column} #> '${path}') = 'array' and jsonb_exists_any(t.${column} #> '${path}', ${BUILT_IN});`;
}

/** What administrators make and see: groups that live here, API keys, webhooks, imports, one-time links, seals of the audit trail. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- A tenant that is to be deleted is suspended until then.
    alter table tenants add column delete_after timestamptz;
    create index tenants_to_delete on tenants (delete_after) where delete_after is not null;
    -- Nothing of a tenant but that it is gone, for processes that still serve it.
    create table deleted_tenants (
      id uuid primary key,
      version bigint not null,
      deleted_at timestamptz not null default now()
    );
    create index deleted_tenants_version on deleted_tenants (version);
    alter table directories add column created_at timestamptz not null default now();
    alter table directories add column updated_at timestamptz not null default now();

    alter table users drop constraint users_status_check;
    alter table users add constraint users_status_check
      check (status in ('pending', 'complete', 'active', 'disabled', 'rejected'));
    alter table users add column updated_at timestamptz not null default now();
    -- A first second factor is set up by way of a one-time link only.
    alter table users add column enrols_by_link boolean not null default false;
    -- (tenant_id, id) is unique and not null. An index on the id alone would have a small tenant's first page read its way through the
    -- users of all others.
    alter table users drop constraint users_pkey;
    -- In the order of code points, which serves prefixes too.
    create index users_by_name on users (tenant_id, (lower(username) collate "C"), id);
    create index users_by_email on users (tenant_id, (lower(profile ->> 'email') collate "C"), id);
    create index users_by_directory_group on users using gin (directory_groups jsonb_path_ops)
      where directory_id is not null;
    create index users_by_status on users (tenant_id, status, id);

    create table groups (
      id uuid primary key,
      tenant_id uuid not null references tenants on delete cascade,
      name text not null,
      description text,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (tenant_id, id)
    );
    create unique index groups_by_name on groups (tenant_id, (lower(name) collate "C"));

    -- A member is a user or another group that lives here.
    create table group_members (
      tenant_id uuid not null,
      group_id uuid not null,
      kind text not null check (kind in ('user', 'group')),
      user_id uuid,
      member_group_id uuid,
      -- Whichever of the two it is.
      member_id uuid not null generated always as (coalesce(user_id, member_group_id)) stored,
      added_at timestamptz not null default now(),
      check ((kind = 'user') = (user_id is not null) and num_nonnulls(user_id, member_group_id) = 1),
      primary key (tenant_id, group_id, member_id),
      foreign key (tenant_id, group_id) references groups (tenant_id, id) on delete cascade,
      foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
      foreign key (tenant_id, member_group_id) references groups (tenant_id, id) on delete cascade
    );
    -- Not on member_id: what ends with a user or a group is looked for by these.
    create index group_members_by_user on group_members (tenant_id, user_id) where user_id is not null;
    create index group_members_by_group on group_members (tenant_id, member_group_id) where member_group_id is not null;
    create index group_members_nested on group_members (tenant_id, group_id) where kind = 'group';

    -- Who may change the membership of one group, and nothing else.
    create table group_managers (
      tenant_id uuid not null,
      group_id uuid not null,
      user_id uuid not null,
      added_at timestamptz not null default now(),
      primary key (tenant_id, group_id, user_id),
      foreign key (tenant_id, group_id) references groups (tenant_id, id) on delete cascade,
      foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
    );
    create index group_managers_by_user on group_managers (tenant_id, user_id);

    -- system: every tenant has them, and what they permit is the program's to say.
    alter table roles drop constraint roles_owner_check;
    alter table roles add constraint roles_owner_check check (owner in ('file', 'api', 'system'));
    alter table roles add column description text;
    alter table roles add column created_at timestamptz not null default now();
    alter table roles add column updated_at timestamptz not null default now();
    update roles set owner = 'system'
     where owner = 'api' and name = 'owner' and permissions = '{}' and inherits = '{}';
    ${FREE_THE_NAMES}
    insert into roles (id, tenant_id, name, permissions, inherits, owner)
    select gen_random_uuid(), t.id, built_in, '{}', '{}', 'system'
      from tenants t cross join unnest(${BUILT_IN}) built_in
    on conflict (tenant_id, name) do nothing;
    -- A process of the version before fails at its start rather than making administrators what its file says of such a role.
    alter table roles add constraint roles_built_in_check check (owner <> 'file' or name <> all (${BUILT_IN}));

    -- What a tenant's own applications protect, so that a permission is no typing error.
    create table resource_types (
      id uuid primary key,
      tenant_id uuid not null references tenants on delete cascade,
      name text not null,
      actions text[] not null,
      description text,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (tenant_id, name)
    );

    -- Beside the one that the configuration file gives; two at once while a client changes over.
    create table client_secrets (
      id uuid primary key,
      tenant_id uuid not null,
      client_id text not null,
      secret text not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz,
      foreign key (tenant_id, client_id) references clients (tenant_id, client_id) on delete cascade
    );
    create index client_secrets_by_client on client_secrets (tenant_id, client_id, created_at desc);

    create table api_keys (
      id uuid primary key,
      tenant_id uuid not null references tenants on delete cascade,
      name text not null,
      permissions text[] not null,
      secret_hash text not null unique,
      -- The one before, for as long as both are good.
      previous_hash text unique,
      previous_until timestamptz,
      created_by text not null,
      expires_at timestamptz not null,
      last_used_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (tenant_id, id)
    );

    create table one_time_links (
      id uuid primary key,
      tenant_id uuid not null,
      user_id uuid not null,
      purpose text not null check (purpose in ('password', 'enrolment')),
      token_hash text not null unique,
      -- The address that it was mailed to; null of one that was shown.
      sent_to text,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      used_at timestamptz,
      foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
    );
    create index one_time_links_by_user on one_time_links (tenant_id, user_id);
    create index one_time_links_expiry on one_time_links (expires_at);

    -- What a POST was answered, for whoever sends it again.
    create table idempotency_keys (
      tenant_id uuid not null references tenants on delete cascade,
      caller text not null,
      key_hash text not null,
      request_hash text not null,
      answer text,
      created_at timestamptz not null default now(),
      primary key (tenant_id, caller, key_hash)
    );
    create index idempotency_keys_age on idempotency_keys (created_at);

    create table webhooks (
      id uuid primary key,
      tenant_id uuid not null references tenants on delete cascade,
      url text not null,
      description text,
      events text[] not null,
      algorithm text not null check (algorithm in ('hmac-sha256', 'ed25519')),
      secret text not null,
      previous_secret text,
      previous_until timestamptz,
      enabled boolean not null default true,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (tenant_id, id)
    );

    alter table outbox drop constraint outbox_channel_check;
    alter table outbox add constraint outbox_channel_check check (channel in ('email', 'sms', 'webhook'));
    alter table outbox add column webhook_id uuid references webhooks on delete cascade;
    alter table outbox add column event_type text;
    create index outbox_by_tenant on outbox (tenant_id, id);
    create index outbox_by_webhook on outbox (webhook_id, id) where webhook_id is not null;

    -- actor_tenant: of another tenant's administrator. changes: what a write made different. seal: null until it is sealed.
    alter table audit_events add column actor_tenant text, add column changes jsonb, add column seal bigint;
    create index audit_events_by_actor on audit_events (tenant_id, actor_id, at desc);
    create index audit_events_by_type on audit_events (tenant_id, type, at desc, id desc);
    create index audit_events_unsealed on audit_events (tenant_id, at, id) where seal is null;
    create index audit_events_by_request on audit_events (tenant_id, request_id) where request_id is not null;
    create index audit_events_by_seal on audit_events (tenant_id, seal);

    create table audit_seals (
      tenant_id uuid not null references tenants on delete cascade,
      number bigint not null,
      events int not null,
      previous_hash text not null,
      hash text not null,
      sealed_at timestamptz not null default now(),
      primary key (tenant_id, number)
    );

    -- How far an import has come, so that the same file goes on where it broke off.
    create table imports (
      id uuid primary key,
      tenant_id uuid not null references tenants on delete cascade,
      digest text not null,
      state text not null check (state in ('running', 'done', 'failed')),
      next_row bigint not null default 1,
      created int not null default 0,
      updated int not null default 0,
      unchanged int not null default 0,
      failed int not null default 0,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (tenant_id, id)
    );
    create index imports_age on imports (updated_at);

    -- For what ends with a client.
    create index grants_by_client on grants (tenant_id, client_id);
    create index consents_by_client on consents (tenant_id, client_id);
  `);
}

/**
 * What administrators made is lost: secrets of clients, API keys, webhooks, groups that live here with what they gave, resource types,
 * one-time links, imports, seals; whoever waited to be let in is disabled. Of the built-in roles `owner` stays, as `sallyport admin
 * create` of the version before made it; roles that inherit one of the others name nothing then. A role of the file that `up` renamed
 * keeps its new name.
 */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table imports, audit_seals;
    drop index grants_by_client, consents_by_client;
    drop index audit_events_by_actor, audit_events_by_type, audit_events_by_request;
    alter table audit_events drop column actor_tenant, drop column changes, drop column seal;
    delete from outbox where channel = 'webhook';
    alter table outbox drop column webhook_id, drop column event_type;
    drop index outbox_by_tenant;
    alter table outbox drop constraint outbox_channel_check;
    alter table outbox add constraint outbox_channel_check check (channel in ('email', 'sms'));
    drop table webhooks, idempotency_keys, one_time_links, api_keys, client_secrets, resource_types;
    delete from role_holders h using roles r
     where r.id = h.role_id and r.owner = 'system' and r.name <> 'owner';
    delete from roles where owner = 'system' and name <> 'owner';
    update roles set owner = 'api' where owner = 'system';
    alter table roles drop constraint roles_owner_check, drop constraint roles_built_in_check;
    alter table roles add constraint roles_owner_check check (owner in ('file', 'api'));
    alter table roles drop column description, drop column created_at, drop column updated_at;
    drop table group_managers, group_members, groups;
    alter table users add primary key (id);
    drop index users_by_name, users_by_email, users_by_status, users_by_directory_group;
    alter table users drop column updated_at, drop column enrols_by_link;
    update users set status = 'disabled' where status in ('pending', 'complete', 'rejected');
    alter table users drop constraint users_status_check;
    alter table users add constraint users_status_check check (status in ('active', 'disabled'));
    alter table directories drop column created_at, drop column updated_at;
    drop table deleted_tenants;
    alter table tenants drop column delete_after;
  `);
}
