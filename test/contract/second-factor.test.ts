import { randomBytes } from 'node:crypto';

import { generateSync } from 'otplib';

import { createEmailCode } from '../../src/second-factors/email-code.ts';
import { createPasskey } from '../../src/second-factors/passkey.ts';
import { createRecoveryCodes } from '../../src/second-factors/recovery-codes.ts';
import type { ChallengeView, EnrolmentView } from '../../src/second-factors/second-factor.ts';
import { createSmsCode } from '../../src/second-factors/sms-code.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import { NOON, totp } from '../support/second-factors.ts';
import { describeSecondFactor } from './second-factor.ts';
import type { FactorUnderTest, Holder, World } from './second-factor.ts';

const ORIGIN = 'https://id.example.com';

describeSecondFactor('totp', () => ({
  factor: totp,
  asks: false,
  malformed: '12345',
  hold({ elapsed, pass }) {
    let key = '';
    const codeIn = (seconds: number) =>
      generateSync({ secret: key, epoch: NOON.getTime() / 1000 + elapsed() + seconds });
    return {
      first(view) {
        key = shown(view, 'totp').key.replaceAll(' ', '');
        return codeIn(0);
      },
      // The next one: a step before it may be used already.
      right() {
        pass(30);
        return codeIn(0);
      },
      wrong: () => codeIn(-600),
    };
  },
}));

describeSecondFactor('sms', () => sentCode(createSmsCode({ length: 6, life: 300, country: 'CH' }), '+41 79 123 45 67'));

describeSecondFactor('email', () => sentCode(createEmailCode({ length: 6, life: 300 }), 'ann@example.com'));

function sentCode(factor: FactorUnderTest['factor'], contact: string): FactorUnderTest {
  const hold = ({ lastCode }: World): Holder => ({
    first: lastCode,
    right: lastCode,
    // Another digit, whatever the code is.
    wrong: () => `${(Number(lastCode()[0]) + 1) % 10}${lastCode().slice(1)}`,
  });
  return { factor, contact, asks: true, malformed: '12345', hold };
}

describeSecondFactor('passkey', () => ({
  factor: createPasskey({
    rpId: 'id.example.com',
    rpName: 'Acme',
    origin: ORIGIN,
    attestation: 'none',
    denyAaguids: [],
  }),
  asks: true,
  malformed: '{}',
  hold() {
    const authenticator = createAuthenticator(ORIGIN);
    return {
      first: (view) => authenticator.register(shown(view, 'passkey').options),
      right: (view) => authenticator.assert(shown(view, 'passkey').options),
      wrong: (view) => authenticator.assert(shown(view, 'passkey').options, { origin: 'https://evil.example' }),
    };
  },
}));

describeSecondFactor('recovery-code', () => ({
  factor: createRecoveryCodes({ key: randomBytes(32) }),
  asks: false,
  malformed: '1234-567',
  hold() {
    let codes: string[] = [];
    return {
      first(view) {
        codes = [...shown(view, 'recovery-code').codes];
        return 'saved';
      },
      right: () => codes.shift() ?? '',
      wrong: () => 'ZZZZZ-ZZZZZ',
    };
  },
}));

/** The view of one factor; any other is a mistake of the test's. */
function shown<V extends EnrolmentView | ChallengeView, F extends V['factor']>(
  view: V,
  factor: F,
): Extract<V, { factor: F }> {
  if (!isOf(view, factor)) throw new Error(`${view.factor} instead of ${factor}`);
  return view;
}

function isOf<V extends EnrolmentView | ChallengeView, F extends V['factor']>(
  view: V,
  factor: F,
): view is Extract<V, { factor: F }> {
  return view.factor === factor;
}
