// A code by text message, to a number in a country that the tenant sends to.

import { maskNumber } from './contacts.ts';
import { createCodeFactor } from './one-time-code.ts';
import type { CodeParameters } from './one-time-code.ts';
import { canonicalNumber } from './phone-number.ts';
import type { NumberPolicy } from './phone-number.ts';
import type { SecondFactor } from './second-factor.ts';

export function createSmsCode({ countries, country, ...parameters }: CodeParameters & NumberPolicy): SecondFactor {
  const canonical = (contact: string) => canonicalNumber(contact, { countries, country });
  return createCodeFactor({ id: 'sms', amr: ['otp', 'sms'], canonical, mask: maskNumber }, parameters);
}
