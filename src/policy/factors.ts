// Which second factors there are, and what sets some of them apart for everybody. How each one works is second-factors/'s.

/** In the order in which they are offered where nothing else decides. */
export const FACTORS = ['passkey', 'totp', 'sms', 'email', 'recovery-code'] as const;
export type FactorId = (typeof FACTORS)[number];

/** Those that send a code, so that a person may have several of one, and has to say which. */
export const SENDING_FACTORS = ['sms', 'email'] as const;
export type SendingFactor = (typeof SENDING_FACTORS)[number];

export function sends(factor: FactorId): factor is SendingFactor {
  return SENDING_FACTORS.some((sending) => sending === factor);
}

/** Recovery codes stand in for a factor that is lost: they are nobody's first one, and no way to sign in for good. */
export function isRecovery(factor: FactorId): factor is 'recovery-code' {
  return factor === 'recovery-code';
}

/** Whether somebody who has these may add one of that kind. Recovery codes are for who has another factor to lose. */
export function mayAdd(owned: readonly { factor: FactorId }[], factor: FactorId): boolean {
  return !isRecovery(factor) || owned.some((other) => !isRecovery(other.factor));
}
