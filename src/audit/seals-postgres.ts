import type { Database } from '../db/database.ts';
import { sealHash } from './seals.ts';
import type { Seal, SealedEvent, Seals } from './seals.ts';

interface SealRow {
  number: number;
  events: number;
  previous_hash: string;
  hash: string;
  sealed_at: Date;
}

const EVENTS = `
  select id, type, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, actor_kind, actor_id, actor_tenant,
         subject_kind, subject_id, reason, detail, changes, address, user_agent, request_id
    from audit_events`;

const SEALS = 'select number, events, previous_hash, hash, sealed_at from audit_seals where tenant_id = $1';

/** One process seals a tenant's events at a time; the others have no need to wait. */
const TRY_LOCK = `select pg_try_advisory_xact_lock(hashtextextended('audit seals ' || $1, 0)) as mine`;

const UNSEALED = `
  ${EVENTS} where tenant_id = $1 and seal is null and at < now() - make_interval(secs => $2)
  order by audit_events.at, id limit $3`;

const MARK = 'update audit_events set seal = $2 where tenant_id = $1 and id = any($3) and seal is null returning 1';

const INSERT = `
  insert into audit_seals (tenant_id, number, events, previous_hash, hash, sealed_at) values ($1, $2, $3, $4, $5, $6)`;

const TENANTS_TO_SEAL = `
  select id from tenants where exists (
    select from audit_events e
     where e.tenant_id = tenants.id and e.seal is null and e.at < now() - make_interval(secs => $1))
  order by id`;

const MISSING = `
  select min(seal) as number from audit_events e
   where tenant_id = $1 and (seal < 1 or seal > $2)
     and not exists (select from audit_seals s where s.tenant_id = e.tenant_id and s.number = e.seal)`;

export function createPostgresSeals(db: Database): Seals {
  async function lastSeal(tenantId: string): Promise<Seal | undefined> {
    const row = await db.one<SealRow>(`${SEALS} order by number desc limit 1`, [tenantId]);
    return row && toSeal(row);
  }

  return {
    sealNext: (tenantId, key, olderThan, limit) =>
      db.unitOfWork(async () => {
        const lock = await db.one<{ mine: boolean }>(TRY_LOCK, [tenantId]);
        if (!lock?.mine) return undefined;
        const events = await db.query<SealedEvent>(UNSEALED, [tenantId, olderThan, limit]);
        if (events.length === 0) return undefined;
        const { number, hash: previousHash } = (await lastSeal(tenantId)) ?? { number: 0, hash: '' };
        const unhashed = { number: number + 1, events: events.length, previousHash, sealedAt: new Date() };
        const seal = { ...unhashed, hash: sealHash(key, unhashed, events) };
        await db.query(INSERT, [tenantId, seal.number, seal.events, previousHash, seal.hash, seal.sealedAt]);
        const marked = await db.query(MARK, [tenantId, seal.number, events.map(({ id }) => id)]);
        if (marked.length !== events.length) throw new Error('somebody else seals the same events');
        return seal;
      }),
    async tenantsToSeal(olderThan) {
      return (await db.query<{ id: string }>(TENANTS_TO_SEAL, [olderThan])).map(({ id }) => id);
    },
    async last(tenantId) {
      const seal = await lastSeal(tenantId);
      return seal && { number: seal.number, hash: seal.hash };
    },
    async after(tenantId, number, limit) {
      const rows = await db.query<SealRow>(`${SEALS} and number > $2 order by number limit $3`, [
        tenantId,
        number,
        limit,
      ]);
      return rows.map(toSeal);
    },
    eventsOf: (tenantId, number, limit) =>
      db.query<SealedEvent>(`${EVENTS} where tenant_id = $1 and seal = $2 order by audit_events.at, id limit $3`, [
        tenantId,
        number,
        limit,
      ]),
    async missing(tenantId, last) {
      return (await db.one<{ number: number | null }>(MISSING, [tenantId, last]))?.number ?? undefined;
    },
    async unsealed(tenantId) {
      const row = await db.one<{ count: number }>(
        'select count(*) as count from audit_events where tenant_id = $1 and seal is null',
        [tenantId],
      );
      return row?.count ?? 0;
    },
  };
}

function toSeal({ number, events, previous_hash: previousHash, hash, sealed_at: sealedAt }: SealRow): Seal {
  return { number, events, previousHash, hash, sealedAt };
}
