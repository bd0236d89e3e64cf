import type { Policy } from './required-proof.ts';

/** What is left of the time to enrol; a day that has begun counts. */
export interface GraceLeft {
  daysLeft?: number;
  loginsLeft?: number;
}

const DAY_MS = 86_400_000;

/**
 * Undefined where the tenant gives no time to enrol, or it has run out: after so many days since the person was first asked, or
 * so many sign-ins without, whichever comes first.
 */
export function graceLeft(
  grace: Policy['secondFactors']['grace'],
  { since, logins }: { since: Date; logins: number },
  now: Date,
): GraceLeft | undefined {
  if (!grace) return undefined;
  const left: GraceLeft = {};
  if (grace.days !== undefined) left.daysLeft = Math.ceil(grace.days - (now.getTime() - since.getTime()) / DAY_MS);
  if (grace.logins !== undefined) left.loginsLeft = grace.logins - logins;
  return Object.values(left).every((number) => number > 0) ? left : undefined;
}
