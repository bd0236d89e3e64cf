// Numbers that codes are sent to, in one spelling (E.164), so that a space or a leading zero is neither a second number nor a
// second budget.

// The smallest metadata that tells mobile numbers from others: landlines take no message, and premium ones earn a fraudster money.
import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/mobile';

import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type { ContactRejection } from './second-factor.ts';

/** ISO 3166 codes, as the tenant's settings have them. */
export interface NumberPolicy {
  /** Those that messages go to; `country` alone if left out. */
  countries?: readonly string[] | undefined;
  /** Of numbers that are written without `+`. */
  country?: string | undefined;
}

/**
 * The number in E.164. `malformed-contact`: it is no mobile number, or has an extension. `unreachable`: it belongs to a country
 * that the tenant sends nothing to, or to none, as satellite phones do.
 */
export function canonicalNumber(
  text: string,
  { country, countries = country === undefined ? [] : [country] }: NumberPolicy,
): Outcome<string, ContactRejection> {
  const defaultCountry = country !== undefined && isSupportedCountry(country) ? country : undefined;
  const number = parsePhoneNumberFromString(text.trim(), { defaultCountry, extract: false });
  if (!number?.isValid() || number.ext !== undefined) return refused('malformed-contact');
  const isReached = number.country !== undefined && countries.includes(number.country);
  return isReached ? accepted(number.number) : refused('unreachable');
}

/** `+41 79 123 45 67`, grouped as the country does it. */
export function groupedNumber(e164: string): string {
  return parsePhoneNumberFromString(e164)?.formatInternational() ?? e164;
}
