// What a page says of a code that went out.

import type { DeliveryStatus } from '../delivery/delivery.ts';
import type { Sent } from '../second-factors/asked-challenges.ts';

export interface SentCode {
  /** Masked, or whole where the person has just typed it. */
  target: string;
  status: DeliveryStatus;
  /** Whole minutes, rounded up. */
  expiresInMinutes: number;
  /** Seconds until another one can be asked for. */
  resendIn: number;
  /** Posted with `csrf`, by a form of its own. */
  resendAction: string;
}

export function sentCode({ target, sent }: { target: string; sent: Sent }, resendAction: string): SentCode {
  const { status, expiresAt, resendIn } = sent;
  const expiresInMinutes = Math.max(0, Math.ceil((expiresAt.getTime() - Date.now()) / 60_000));
  return { target, status, expiresInMinutes, resendIn, resendAction };
}
