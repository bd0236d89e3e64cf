// Hands a code over to the outbox, within limits: of one recipient, of one person and of one tenant, so that nobody's phone is
// flooded and no stolen password empties a budget. The words are the callers', when to try again is delivery-worker.ts's.

import { byUser } from '../audit/audit.ts';
import type { Audit } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { Delivery, EmailMessage, Enqueue } from '../delivery/delivery.ts';
import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome, Refused } from '../outcome.ts';
import { sha256 } from '../security/sha256.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { mailboxOf } from './contacts.ts';
import type { CodeMessage, Purpose } from './second-factor.ts';

export interface CodeRequest {
  tenant: Tenant;
  userId: string;
  /** A language tag, of the words. */
  language: string;
  purpose: Purpose;
  message: CodeMessage;
  /** Seconds. */
  life: number;
}

/** A budget is used up. */
export interface TooManySent extends Refused<'too-many-sent'> {
  /** Seconds. */
  retryAfter: number;
}

/**
 * Call it outside any unit of work that may still fail: what was counted stays counted.
 *
 * @throws AppError `storage_unavailable` when a budget cannot be counted: then nothing is sent.
 */
export type SendCode = (request: CodeRequest) => Promise<Outcome<{ deliveryId: string }, 'unreachable'> | TooManySent>;

export interface CodeWords {
  code: string;
  /** That it can be used, rounded up. */
  minutes: number;
  purpose: CodeRequest['purpose'];
}

/** The messages in the tenant's look and a person's language. */
export interface CodeWriter {
  email(tenant: Tenant, language: string, words: CodeWords): Omit<EmailMessage, 'to'>;
  /** Ends with `@host #code` on a line of its own (origin-bound one-time codes). */
  sms(tenant: Tenant, language: string, words: CodeWords): string;
}

export interface SendCodeOptions {
  store: Pick<EphemeralStore, 'increment'>;
  db: Pick<Database, 'unitOfWork'>;
  enqueue: Enqueue;
  audit: Audit;
  /** Those that are configured. */
  channels: readonly CodeMessage['channel'][];
  write: CodeWriter;
  now?: () => Date;
}

interface Budget {
  key: string;
  /** Messages in each `window` of seconds. */
  limit: number;
  window: number;
}

const TEN_MINUTES = 600;
const DAY = 86_400;
/** Messages to one recipient, in ten minutes and in a day. To enrol, anybody with an account can enter anybody's number. */
const RECIPIENT = { prove: { burst: 5, day: 20 }, enrol: { burst: 3, day: 5 } } as const;
/** Mail costs nothing; this only keeps a tenant that is being abused from spoiling the sender's reputation. */
const MAILS_PER_DAY = 10_000;

export function createSendCode({
  store,
  db,
  enqueue,
  audit,
  channels,
  write,
  now = () => new Date(),
}: SendCodeOptions): SendCode {
  return async (request) => {
    if (!channels.includes(request.message.channel)) return refused('unreachable');
    const exhausted = await spend(budgetsOf(request));
    if (exhausted) {
      await audit.record(eventOf(request, 'second_factor.blocked', exhausted.reason));
      return exhausted;
    }
    return db.unitOfWork(async () => {
      const deliveryId = await enqueue(deliveryOf(request));
      await audit.record(eventOf(request, 'second_factor.sent'));
      return accepted({ deliveryId });
    });
  };

  /** In their order: what one of them refuses costs those after it nothing. */
  async function spend(budgets: readonly Budget[]): Promise<TooManySent | undefined> {
    for (const { key, limit, window } of budgets) {
      const { count, secondsLeft } = await store.increment(key, window);
      if (count > limit) return { ...refused('too-many-sent'), retryAfter: Math.max(1, Math.ceil(secondsLeft)) };
    }
    return undefined;
  }

  function deliveryOf({ tenant, language, purpose, message: { channel, to, code }, life }: CodeRequest): Delivery {
    const words = { code, minutes: Math.ceil(life / 60), purpose };
    const common = { tenantId: tenant.id, expiresAt: new Date(now().getTime() + life * 1000) };
    return channel === 'sms'
      ? { ...common, channel, message: { to, text: write.sms(tenant, language, words) } }
      : { ...common, channel, message: { to, ...write.email(tenant, language, words) } };
  }
}

/** A recipient has budgets of each purpose: whoever enters another's number to enrol it takes none of that one's codes away. */
function budgetsOf({ tenant, userId, purpose, message: { channel, to } }: CodeRequest): Budget[] {
  const sent = `sent:${tenant.id}:${channel}`;
  const recipient = `${sent}:${purpose}:to:${sha256(channel === 'sms' ? to : mailboxOf(to))}`;
  const { burst, day } = RECIPIENT[purpose];
  const perDay = channel === 'sms' ? tenant.settings.policy.sms.perDay : MAILS_PER_DAY;
  return [
    { key: `${recipient}:burst`, limit: burst, window: TEN_MINUTES },
    { key: `${recipient}:day`, limit: day, window: DAY },
    { key: `${sent}:user:${userId}`, limit: 30, window: DAY },
    { key: `${sent}:tenant`, limit: perDay, window: DAY },
  ];
}

function eventOf(
  { tenant, userId, purpose, message: { channel } }: CodeRequest,
  type: 'second_factor.sent' | 'second_factor.blocked',
  reason?: string,
) {
  return { type, ...byUser(tenant.id, userId), reason, detail: { factor: channel, purpose } };
}
