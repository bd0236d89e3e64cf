// Holds the audit log against its seals, and finds the first that does not fit.

import { timingSafeEqual } from 'node:crypto';

import { derivedSecrets } from '../security/derived-secrets.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { sealHash } from './seals.ts';
import type { Head, Seal, SealedEvent, Seals } from './seals.ts';

/**
 * `seal-missing`: later ones are there, or events that bear its number. `chain-broken`: it is not the one that follows the one
 * before. `event-removed`, `event-added`: it was over more, or fewer. `changed`: an event, their order, or the seal itself is not as
 * it was. `head-missing`, `head-differs`: of the seal that somebody kept elsewhere.
 */
export type Breach =
  'seal-missing' | 'chain-broken' | 'event-removed' | 'event-added' | 'changed' | 'head-missing' | 'head-differs';

export interface Verification {
  /** The first seal that is broken, and how. */
  broken: { seal: number; breach: Breach } | undefined;
  /** Good seals made more than a day after an event under them: after an outage, or over a log that was written anew. */
  late: { firstSeal: number; seals: number } | undefined;
  /** What was found good before that. */
  seals: number;
  events: number;
  /** Too young, as a rule. */
  unsealed: number;
  /** To be kept elsewhere, and given the next time. */
  head: Head | undefined;
}

/** An event is sealed within minutes, unless nothing sealed it for so long. */
const LATE_MS = 24 * 3_600_000;

/** Seals that are read at once; the events of one at a time. */
const PAGE = 100;

/** `kept`: a head of an earlier time, which has to be among the seals still, and vouches for all up to it. */
export async function verifyAudit(
  seals: Pick<Seals, 'after' | 'eventsOf' | 'missing' | 'unsealed'>,
  { id: tenantId, secret }: Pick<Tenant, 'id' | 'secret'>,
  kept?: Head,
): Promise<Verification> {
  const { auditSealKey: key } = derivedSecrets(secret);
  const found: Verification = { broken: undefined, late: undefined, seals: 0, events: 0, unsealed: 0, head: undefined };
  const brokenBy = (seal: number, breach: Breach) => ({ ...found, broken: { seal, breach } });

  for await (const seal of allSeals(seals, tenantId)) {
    if (seal.number !== found.seals + 1) return brokenBy(found.seals + 1, 'seal-missing');
    const events = await seals.eventsOf(tenantId, seal.number, seal.events + 1);
    const breach = breachOf(seal, events) ?? (kept && headBreach(seal, kept));
    if (breach) return brokenBy(seal.number, breach);
    if (seal.number > (kept?.number ?? 0) && isLate(seal, events)) {
      found.late = { firstSeal: found.late?.firstSeal ?? seal.number, seals: (found.late?.seals ?? 0) + 1 };
    }
    found.seals += 1;
    found.events += seal.events;
    found.head = { number: seal.number, hash: seal.hash };
  }
  if (kept && kept.number > found.seals) return brokenBy(kept.number, 'head-missing');
  const missing = await seals.missing(tenantId, found.seals);
  if (missing !== undefined) return brokenBy(missing, 'seal-missing');
  return { ...found, unsealed: await seals.unsealed(tenantId) };

  function breachOf(seal: Seal, events: readonly SealedEvent[]): Breach | undefined {
    if (seal.previousHash !== (found.head?.hash ?? '')) return 'chain-broken';
    if (events.length < seal.events) return 'event-removed';
    if (events.length > seal.events) return 'event-added';
    return isSame(sealHash(key, seal, events), seal.hash) ? undefined : 'changed';
  }
}

async function* allSeals(seals: Pick<Seals, 'after'>, tenantId: string): AsyncGenerator<Seal> {
  let last = -1;
  for (;;) {
    const page = await seals.after(tenantId, last, PAGE);
    yield* page;
    const end = page.at(-1);
    if (!end) return;
    last = end.number;
  }
}

/** By the time under the HMAC; events are in the order of theirs. */
function isLate({ sealedAt }: Seal, [oldest]: readonly SealedEvent[]): boolean {
  return oldest !== undefined && sealedAt.getTime() - Date.parse(oldest.at) > LATE_MS;
}

function headBreach({ number, hash }: Seal, kept: Head): Breach | undefined {
  return number === kept.number && !isSame(hash, kept.hash) ? 'head-differs' : undefined;
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
