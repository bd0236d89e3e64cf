// What a second factor is called on pages and in mails.

import type { FactorId } from '../policy/factors.ts';
import type { MessageId, Translate } from './messages.ts';

const WORDS: Record<FactorId, { name: MessageId; hint: MessageId }> = {
  passkey: { name: 'factor.passkey', hint: 'factor.passkeyHint' },
  totp: { name: 'factor.totp', hint: 'factor.totpHint' },
  sms: { name: 'factor.sms', hint: 'factor.smsHint' },
  email: { name: 'factor.email', hint: 'factor.emailHint' },
  'recovery-code': { name: 'factor.recoveryCode', hint: 'factor.recoveryCodeHint' },
};

/** What kind of factor it is, and what its owner calls it, where that says more. */
export function factorName(t: Translate, factor: FactorId, name?: string): string {
  const kind = t(WORDS[factor].name);
  return name ? t('factor.named', { factor: kind, name }) : kind;
}

/** A few words about how it works. */
export function factorHint(t: Translate, factor: FactorId): string {
  return t(WORDS[factor].hint);
}
