import type { Knex } from 'knex';

/** What happened, and what is still to be sent. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table audit_events (
      id uuid primary key,
      tenant_id uuid not null references tenants on delete cascade,
      type text not null,
      at timestamptz not null default now(),
      actor_kind text,
      actor_id text,
      subject_kind text,
      subject_id text,
      reason text,
      detail jsonb,
      address text,
      user_agent text,
      request_id text
    );
    create index audit_events_by_time on audit_events (tenant_id, at desc, id desc);
    create index audit_events_by_subject on audit_events (tenant_id, subject_kind, subject_id, at desc);

    create table outbox (
      id uuid primary key,
      tenant_id uuid not null references tenants on delete cascade,
      channel text not null check (channel in ('email', 'sms')),
      body text not null,
      state text not null default 'ready' check (state in ('ready', 'dead')),
      attempts int not null default 0,
      run_at timestamptz not null default now(),
      expires_at timestamptz not null,
      last_error text,
      created_at timestamptz not null default now()
    );
    create index outbox_due on outbox (run_at) where state = 'ready';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table outbox, audit_events');
}
