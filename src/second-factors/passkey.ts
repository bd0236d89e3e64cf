// Passkeys (WebAuthn Level 3): discoverable, with user verification, so that one opens both doors at once. Registration and
// assertion are checked as sections 7.1 and 7.2 ask. That a challenge is answered once, and that a counter only grows, is the
// store's to decide; here a counter that ran backwards is only noticed.

import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import type { VerifiedRegistrationResponse } from '@simplewebauthn/server';
import { decodeAttestationObject, decodeClientDataJSON } from '@simplewebauthn/server/helpers';
import { parse as bytesOfUuid } from 'uuid';
import { z } from 'zod';

import { AppError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import { readAssertion, readRegistration } from './passkey-answers.ts';
import type { Assertion, Registration } from './passkey-answers.ts';
import type {
  ChallengeView,
  Enrolment,
  FactorPerson,
  FactorProof,
  NewEnrolment,
  NewChallenge,
  SecondFactor,
  SingleUse,
} from './second-factor.ts';

export interface PasskeyParameters {
  /** A host, or a registrable suffix of it. Passkeys belong to it: another one loses those that there are. */
  rpId: string;
  rpName: string;
  /** Of the pages, as the browser tells it. */
  origin: string;
  /** `direct` asks the authenticator to prove its kind, as far as it does. */
  attestation: 'none' | 'direct';
  /**
   * Kinds of authenticators (AAGUID). They hold honest people to the tenant's rules, no more: an unattested AAGUID is whatever the
   * browser says, and an attested one whatever its certificate says, which is not traced to its maker. With `direct` and a list
   * of those that are allowed, one that attests nothing is not accepted.
   */
  allowAaguids?: readonly string[] | undefined;
  denyAaguids: readonly string[];
}

export interface Passkey extends SecondFactor {
  readonly id: 'passkey';
  /** With nobody's passkeys, anybody's will do: the browser offers those that it finds. */
  ask(person: FactorPerson, owned: readonly Enrolment[]): Promise<{ ok: true; value: NewChallenge }>;
  present(owned: readonly Enrolment[], kept: string | undefined): Extract<ChallengeView, { factor: 'passkey' }>;
  verify(
    person: FactorPerson,
    owned: readonly Enrolment[],
    kept: string | undefined,
    answer: string,
  ): Promise<Outcome<PasskeyProof, 'malformed' | 'wrong' | 'expired' | 'cloned'>>;
}

type PasskeyProof = FactorProof & { use: Extract<SingleUse, { kind: 'counter' }> };

/** Of a challenge, in seconds. WebAuthn Level 3, 15.1 recommends five to ten minutes. */
const LIFE = 10 * 60;

/** EdDSA, ES256, RS256: what every process can check, whichever runtime it has. */
const ALGORITHMS = [-8, -7, -257];

/** For the others, revocation lists would be fetched from wherever a certificate says. */
const ATTESTATION_FORMATS = ['none', 'packed', 'tpm'];

export function createPasskey(parameters: PasskeyParameters): Passkey {
  const { rpId, rpName, origin, attestation } = parameters;
  const expected = { expectedOrigin: origin, expectedRPID: rpId, requireUserVerification: true };

  return {
    id: 'passkey',
    guessable: false,
    single: false,

    async beginEnrolment(person, owned) {
      const options = await generateRegistrationOptions({
        rpName,
        rpID: rpId,
        // It is readable on the authenticator by whoever holds it (14.6.1).
        userID: new Uint8Array(bytesOfUuid(person.userId)),
        userName: person.accountName,
        userDisplayName: person.displayName,
        attestationType: attestation,
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        excludeCredentials: owned.map(descriptorOf),
        supportedAlgorithmIDs: ALGORITHMS,
        timeout: LIFE * 1000,
      });
      return accepted({ kept: JSON.stringify(options), life: LIFE });
    },

    presentEnrolment: (_person, kept) => Promise.resolve({ factor: 'passkey', options: kept }),

    async finishEnrolment(_person, kept, answer) {
      const response = readRegistration(answer);
      if (!response) return refused('malformed');
      if (!ATTESTATION_FORMATS.includes(formatOf(response))) return refused('not-accepted');
      const verified = await checked(response, () =>
        verifyRegistrationResponse({
          ...expected,
          response,
          expectedChallenge: challengeOf(kept),
          supportedAlgorithmIDs: ALGORITHMS,
        }),
      );
      if (!verified?.verified) return refused('wrong');
      const { registrationInfo } = verified;
      if (!isAccepted(registrationInfo, parameters)) return refused('not-accepted');
      const amr = methodsOf(registrationInfo.credentialDeviceType);
      return accepted({ enrolment: enrolmentOf(registrationInfo), amr, use: { kind: 'challenge' } });
    },

    async ask(_person, owned) {
      const options = await generateAuthenticationOptions({
        rpID: rpId,
        userVerification: 'required',
        timeout: LIFE * 1000,
        ...(owned.length > 0 && { allowCredentials: owned.map(descriptorOf) }),
      });
      return { ok: true, value: { kept: JSON.stringify(options), life: LIFE } };
    },

    present: (_owned, kept = '') => ({ factor: 'passkey', options: kept }),

    async verify(person, owned, kept, answer) {
      const response = readAssertion(answer);
      if (!response) return refused('malformed');
      if (kept === undefined) return refused('expired');
      const enrolment = owned.find(({ secret }) => credentialOf(secret).id === response.id);
      const { userHandle } = response.response;
      const isTheirs = userHandle === undefined || userHandle === userHandleOf(person);
      if (!enrolment || !isTheirs) return refused('wrong');

      const { id, publicKey, deviceType } = credentialOf(enrolment.secret);
      const verified = await checked(response, () =>
        verifyAuthenticationResponse({
          ...expected,
          response,
          expectedChallenge: challengeOf(kept),
          // The counter is ours to compare, once the signature is known to be right: only then does it say anything.
          credential: { id, publicKey: bytesOf(publicKey), counter: 0 },
        }),
      );
      if (!verified?.verified) return refused('wrong');
      const { newCounter: counter, credentialDeviceType } = verified.authenticationInfo;
      // Whether it can be backed up never changes (7.2, step 20).
      if (credentialDeviceType !== deviceType) return refused('wrong');
      if (ranBackwards(enrolment.counter ?? 0, counter)) return refused('cloned');
      const use = { kind: 'counter', enrolmentId: enrolment.id, counter } as const;
      return accepted({ enrolmentId: enrolment.id, amr: methodsOf(deviceType), use });
    },
  };
}

/** The library tells by an error which of its checks an answer fails; none of our pages is in a frame of another site. */
async function checked<T>({ response }: Registration | Assertion, verify: () => Promise<T>): Promise<T | undefined> {
  try {
    return decodeClientDataJSON(response.clientDataJSON).crossOrigin === true ? undefined : await verify();
  } catch {
    return undefined;
  }
}

function formatOf({ response }: Registration): string {
  try {
    return decodeAttestationObject(bytesOf(response.attestationObject)).get('fmt');
  } catch {
    return '';
  }
}

type RegistrationInfo = NonNullable<VerifiedRegistrationResponse['registrationInfo']>;

function isAccepted({ aaguid, fmt }: RegistrationInfo, parameters: PasskeyParameters): boolean {
  const { allowAaguids, denyAaguids, attestation } = parameters;
  const isIn = (list: readonly string[]) => list.some((kind) => kind.toLowerCase() === aaguid);
  if (isIn(denyAaguids)) return false;
  return allowAaguids === undefined || (isIn(allowAaguids) && (attestation === 'none' || fmt !== 'none'));
}

/** What an enrolment keeps as its secret. */
const storedCredential = z.object({
  id: z.string(),
  publicKey: z.base64url(),
  transports: z.array(z.string()),
  aaguid: z.string(),
  deviceType: z.enum(['singleDevice', 'multiDevice']),
  backedUp: z.boolean(),
});
type StoredCredential = z.infer<typeof storedCredential>;

function enrolmentOf(info: RegistrationInfo): Omit<NewEnrolment, 'factor' | 'name'> {
  const { credential, aaguid, credentialDeviceType, credentialBackedUp } = info;
  const stored: StoredCredential = {
    id: credential.id,
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    transports: credential.transports ?? [],
    aaguid,
    deviceType: credentialDeviceType,
    backedUp: credentialBackedUp,
  };
  return { secret: JSON.stringify(stored), credentialId: credential.id, counter: credential.counter };
}

function credentialOf(secret: string): StoredCredential {
  try {
    return storedCredential.parse(JSON.parse(secret));
  } catch (cause) {
    throw new AppError('internal_error', 500, 'A stored second factor cannot be read.', { cause });
  }
}

function descriptorOf({ secret }: Enrolment): { id: string; transports: string[] } {
  const { id, transports } = credentialOf(secret);
  return { id, transports };
}

/** Of the options that a challenge is kept as. */
function challengeOf(kept: string): string {
  return z.looseObject({ challenge: z.string() }).parse(JSON.parse(kept)).challenge;
}

function userHandleOf({ userId }: FactorPerson): string {
  return Buffer.from(bytesOfUuid(userId)).toString('base64url');
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(base64url, 'base64url'));
}

/** RFC 8176: `user` for the verification that it always asks for; a key that can be copied to other devices is software's. */
function methodsOf(deviceType: StoredCredential['deviceType']): readonly string[] {
  return [deviceType === 'singleDevice' ? 'hwk' : 'swk', 'user'];
}

/** An authenticator without a counter always says 0 (6.1.1). */
function ranBackwards(before: number, now: number): boolean {
  return (before !== 0 || now !== 0) && now <= before;
}
