// Sends what is in the outbox. Any number of workers, in any number of processes, share one queue; each message is claimed
// for one attempt, sent outside any transaction, and settled: sent, postponed with growing pauses, or buried.

import { DeliveryError } from './delivery.ts';
import type { ChannelName, Channels, ClaimedDelivery, Outbox } from './delivery.ts';

export interface DeliveryWorkerOptions {
  outbox: Outbox;
  channels: Channels;
  /** Which messages it takes; those to people unless told. A worker of their own keeps the slow ones out of the others' way. */
  carries?: readonly ChannelName[];
  log: { warn(fields: object, message: string): void };
  /** Messages sent at once. */
  concurrency?: number;
  /** Longest pause between two looks at the queue. */
  pollMs?: number;
  /** After this an attempt is given up. */
  sendTimeoutMs?: number;
  /** For how long a claim is ours; must be longer than an attempt can take. */
  leaseSeconds?: number;
  /** Numbers from 0 to 1, for the jitter. */
  random?: () => number;
}

export interface DeliveryWorker {
  /** A message is about to be committed: look at the queue soon, and often for a second. */
  poke(): void;
  /** Takes no more messages, waits for those being sent, and breaks them off after `graceMs` (10,000 unless told). */
  stop(graceMs?: number): Promise<void>;
}

/** An event is tried until it expires. */
const MAX_ATTEMPTS: Record<ChannelName, number> = { email: 12, sms: 12, webhook: 100 };
const FIRST_PAUSE_SECONDS = 2;
const LONGEST_PAUSE_SECONDS = 3600;
/** The first look after a poke: the transaction that enqueued has most likely committed by then. */
const SOON_MS = 20;
const SETTLE_AGAIN_MS = 1000;

export function startDeliveryWorker({
  outbox,
  channels,
  carries = ['email', 'sms'],
  log,
  concurrency = 5,
  pollMs = 1000,
  sendTimeoutMs = 30_000,
  leaseSeconds = 60,
  random = Math.random,
}: DeliveryWorkerOptions): DeliveryWorker {
  const sending = new Set<Promise<void>>();
  const stopping = new AbortController();
  const breakingOff = new AbortController();
  let pauseMs = pollMs;
  let wake = (): void => undefined;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const free = concurrency - sending.size;
      const claimed = free > 0 ? await claim(free) : [];
      for (const one of claimed) start(one);
      const moreToDo = claimed.length === free && sending.size < concurrency;
      if (!moreToDo) await pause();
    }
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pauseMs).unref();
      pauseMs = Math.min(pauseMs * 2, pollMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (stopping.signal.aborted) wake();
    });
  }

  async function claim(limit: number): Promise<ClaimedDelivery[]> {
    try {
      return await outbox.claim(limit, leaseSeconds, carries);
    } catch (error) {
      log.warn({ err: error }, 'the outbox cannot be read');
      return [];
    }
  }

  function start(claimed: ClaimedDelivery): void {
    const task = attempt(claimed).finally(() => {
      const wasFull = sending.size >= concurrency;
      sending.delete(task);
      if (wasFull) wake();
    });
    sending.add(task);
  }

  async function attempt(claimed: ClaimedDelivery): Promise<void> {
    const settle = await outcomeOf(claimed);
    // A message that was sent and not marked so would be sent again, so an outage of the database is waited for.
    for (;;) {
      try {
        return await settle();
      } catch (error) {
        log.warn({ err: error, outbox: claimed.id }, 'the outbox cannot be written');
      }
      if (stopping.signal.aborted) return;
      await new Promise((resolve) => setTimeout(resolve, SETTLE_AGAIN_MS));
    }
  }

  /** One attempt, and what is to be written down about it. */
  async function outcomeOf(claimed: ClaimedDelivery): Promise<() => Promise<void>> {
    const bury = (reason: string) => () => outbox.bury(claimed, reason);
    if (claimed.expiresAt.getTime() <= Date.now()) return bury('expired');
    const most = MAX_ATTEMPTS[claimed.channel];
    if (claimed.attempt > most) return bury(`given up after ${String(most)} attempts`);
    try {
      const signal = AbortSignal.any([breakingOff.signal, AbortSignal.timeout(sendTimeoutMs)]);
      await send(channels, claimed, signal);
      return () => outbox.markSent(claimed);
    } catch (error) {
      const reason = reasonOf(error);
      log.warn({ outbox: claimed.id, channel: claimed.channel, attempt: claimed.attempt, reason }, 'not delivered');
      const seconds = pauseAfter(claimed.attempt, random());
      const tooLate = Date.now() + seconds * 1000 >= claimed.expiresAt.getTime();
      const hopeless = error instanceof DeliveryError && error.permanent;
      if (hopeless || tooLate || claimed.attempt === most) return bury(reason);
      return () => outbox.postpone(claimed, seconds, reason);
    }
  }

  const running = run();
  return {
    poke() {
      pauseMs = Math.min(SOON_MS, pollMs);
      wake();
    },
    async stop(graceMs = 10_000) {
      stopping.abort();
      wake();
      const timer = setTimeout(() => breakingOff.abort(), graceMs);
      await running;
      await Promise.all(sending);
      clearTimeout(timer);
    },
  };
}

function send(
  { email, sms, webhook }: Channels,
  { id, ...delivery }: ClaimedDelivery,
  signal: AbortSignal,
): Promise<void> {
  // Another process may be configured to send it, or this one after its next start.
  const unsent = () => Promise.reject(new DeliveryError(`no ${delivery.channel} channel`));
  switch (delivery.channel) {
    case 'email':
      return email?.send(delivery.message, id, signal) ?? unsent();
    case 'sms':
      return sms?.send(delivery.message, id, signal) ?? unsent();
    case 'webhook':
      return webhook?.send(delivery.message, id, signal) ?? unsent();
  }
}

/** Four times as long after each attempt, from two seconds up to an hour, and less a random part so that retries spread. */
function pauseAfter(attempt: number, random: number): number {
  const longest = Math.min(FIRST_PAUSE_SECONDS * 4 ** (attempt - 1), LONGEST_PAUSE_SECONDS);
  return longest * (1 - random / 2);
}

/** Anything but a channel's own words may carry a secret, so of that only the kind is kept. */
function reasonOf(error: unknown): string {
  if (error instanceof DeliveryError) return error.message;
  return error instanceof Error ? error.name : 'unknown';
}
