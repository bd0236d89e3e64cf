// What a browser answers to a passkey's challenge, read as far as its form goes and no longer than it needs to be.

import { z } from 'zod';

/** In characters of JSON: an attestation with a chain of certificates has a few thousand. */
const LONGEST_ANSWER = 24_000;

/** At most 1023 bytes (WebAuthn Level 3, 7.1). */
const credentialId = z.base64url().min(1).max(1364);
const bytes = z.base64url().min(1);

const credential = z.object({
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  // None of them is asked for that matters here.
  clientExtensionResults: z.object({}).default({}),
});

/** RegistrationResponseJSON (WebAuthn Level 3, 5.1.8), what of it is checked or kept. */
const registration = credential.extend({
  response: z.object({
    clientDataJSON: bytes,
    attestationObject: bytes,
    transports: z.array(z.string().max(32)).max(10).default([]),
  }),
});
export type Registration = z.infer<typeof registration>;

/** AuthenticationResponseJSON. */
const assertion = credential.extend({
  response: z.object({
    clientDataJSON: bytes,
    authenticatorData: bytes,
    signature: bytes,
    userHandle: z
      .base64url()
      .nullish()
      .transform((handle) => handle ?? undefined),
  }),
});
export type Assertion = z.infer<typeof assertion>;

export function readRegistration(answer: string): Registration | undefined {
  return read(registration, answer);
}

export function readAssertion(answer: string): Assertion | undefined {
  return read(assertion, answer);
}

function read<T>(schema: z.ZodType<T>, answer: string): T | undefined {
  if (answer.length > LONGEST_ANSWER) return undefined;
  try {
    return schema.safeParse(JSON.parse(answer)).data;
  } catch {
    return undefined;
  }
}
