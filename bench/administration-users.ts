// The people of a tenant of the benchmark, as if they had been made one after the other.

import pg from 'pg';

import type { Management, TenantName } from './management.ts';

/** The same for any number of users, so that a prefix of one length finds as many in each tenant. */
const DIGITS = 7;
const SEQUENCE: Record<TenantName, number> = { small: 1, large: 2, imported: 3 };
/** Milliseconds: when the first was made. */
const FIRST = 1_700_000_000_000;

/** Accounts that live here, without a password. */
export async function fillTenant(
  { databaseUrl }: Pick<Management, 'databaseUrl'>,
  tenant: TenantName,
  users: number,
): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await client.query(
      `insert into users (id, tenant_id, username, status, profile, local_name)
       select (lpad(to_hex(n + $3::bigint), 12, '0') || '7000800' || $4::text || lpad(to_hex(n), 12, '0'))::uuid,
              t.id, made, 'active', jsonb_build_object('email', made || '@example.com'), made
         from tenants t
        cross join generate_series(0, $2::int - 1) n
        cross join lateral (select 'user' || lpad(n::text, $5::int, '0') as made) named
        where t.slug = $1`,
      [tenant, users, FIRST, String(SEQUENCE[tenant]), DIGITS],
    );
    await client.query('vacuum analyze users');
  } finally {
    await client.end();
  }
}

export function userName(number: number): string {
  return `user${String(number).padStart(DIGITS, '0')}`;
}

/** A UUIDv7 (RFC 9562), as the statement above makes it. */
export function userId(tenant: TenantName, number: number): string {
  const hex = (value: number) => value.toString(16).padStart(12, '0');
  const time = hex(FIRST + number);
  return [time.slice(0, 8), time.slice(8), '7000', `800${String(SEQUENCE[tenant])}`, hex(number)].join('-');
}
