// A code by mail. Whoever has the password of the mailbox may well have the first one too: by default it is worth `2sv`.

import { accepted, refused } from '../outcome.ts';
import { canonicalAddress, maskAddress } from './contacts.ts';
import { createCodeFactor } from './one-time-code.ts';
import type { CodeParameters } from './one-time-code.ts';
import type { SecondFactor } from './second-factor.ts';

export function createEmailCode(parameters: CodeParameters): SecondFactor {
  return createCodeFactor({ id: 'email', amr: ['otp'], canonical, mask: maskAddress }, parameters);
}

function canonical(contact: string) {
  const address = canonicalAddress(contact);
  return address === undefined ? refused('malformed-contact' as const) : accepted(address);
}
