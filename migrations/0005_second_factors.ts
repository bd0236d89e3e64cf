import type { Knex } from 'knex';

/** Every second factor, browsers that people trust, the time they have to enrol, and what became of a message. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Of a passkey; base64url, and the signature counter that single use is decided by.
    alter table enrolments add column credential_id text, add column counter bigint;
    create unique index enrolments_by_credential on enrolments (tenant_id, credential_id);

    create table recovery_codes (
      enrolment_id uuid not null references enrolments on delete cascade,
      code_hash text not null,
      primary key (enrolment_id, code_hash)
    );

    create table trusted_devices (
      id uuid primary key,
      tenant_id uuid not null,
      user_id uuid not null,
      mark_hash text not null,
      name text not null,
      address text not null,
      created_at timestamptz not null default now(),
      last_used_at timestamptz not null default now(),
      expires_at timestamptz not null,
      foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
    );
    create index trusted_devices_by_user on trusted_devices (tenant_id, user_id);
    create index trusted_devices_expiry on trusted_devices (expires_at);

    -- When somebody last used what the directory vouches for, which has no enrolment.
    alter table users add column directory_email_used_at timestamptz, add column directory_sms_used_at timestamptz;

    -- Since when a person is asked to enrol, and how often they have signed in without.
    alter table users add column grace_since timestamptz, add column grace_logins int not null default 0;

    -- Raised by whatever ends a person's other sessions: what was proven under an earlier one counts for nothing any more.
    alter table users add column proof_generation int not null default 0;

    -- A failed sign-in names the directory's entry, and people are shown their own.
    create index audit_events_by_entry on audit_events (tenant_id, (detail ->> 'stableId'), at desc) where subject_id is null;

    -- A message that was sent or given up stays, without its body, for as long as somebody may ask what became of it.
    alter table outbox drop constraint outbox_state_check;
    alter table outbox add constraint outbox_state_check check (state in ('ready', 'sent', 'dead'));
    alter table outbox alter column body drop not null;

    -- Passwords that are tried in a browser that the account's owner trusts.
    alter table attempt_counters drop constraint attempt_counters_kind_check;
    alter table attempt_counters add constraint attempt_counters_kind_check
      check (kind in ('password', 'second-factor', 'trusted-device'));
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    delete from outbox where body is null;
    alter table outbox alter column body set not null;
    alter table outbox drop constraint outbox_state_check;
    alter table outbox add constraint outbox_state_check check (state in ('ready', 'dead'));
    alter table users drop column grace_since, drop column grace_logins, drop column proof_generation;
    alter table users drop column directory_email_used_at, drop column directory_sms_used_at;
    drop index audit_events_by_entry;
    delete from attempt_counters where kind = 'trusted-device';
    alter table attempt_counters drop constraint attempt_counters_kind_check;
    alter table attempt_counters add constraint attempt_counters_kind_check
      check (kind in ('password', 'second-factor'));
    drop table trusted_devices, recovery_codes;
    delete from enrolments where factor <> 'totp';
    alter table enrolments drop column credential_id, drop column counter;
  `);
}
