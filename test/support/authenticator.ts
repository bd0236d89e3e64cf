// A passkey authenticator and the browser around it, in software: ES256, discoverable credentials, a signature counter. Each
// answer can be wrong in one respect, so that a test shows which check it is that notices.

import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

import { isoCBOR } from '@simplewebauthn/server/helpers';
import { z } from 'zod';

export interface AuthenticatorOptions {
  /** The kind of authenticator, a UUID. */
  aaguid?: string;
  /** `packed` attests itself; `android-key` has nothing in its statement. */
  attestation?: 'none' | 'packed' | 'android-key';
  /** Its credentials can be on several devices. */
  backupEligible?: boolean;
  /** Without one, the counter is always 0, as on most phones. */
  hasCounter?: boolean;
}

/** What an answer says instead of the truth. */
export interface Mistakes {
  origin?: string;
  crossOrigin?: boolean;
  /** As another site would have it hashed. */
  rpId?: string;
  /** Of the client data; `type` the other ceremony's, say. */
  type?: string;
  challenge?: string;
  userPresent?: boolean;
  userVerified?: boolean;
  backupEligible?: boolean;
  /** The signature counter; 0 to stand still. */
  counter?: number;
  /** base64url; null for none. */
  userHandle?: string | null;
  /** A credential's id, whosever it is. */
  credentialId?: string;
  /** Signs something else. */
  badSignature?: boolean;
  /** Of the public key, as COSE numbers it. */
  algorithm?: number;
}

export interface Authenticator {
  /** Makes a credential by PublicKeyCredentialCreationOptionsJSON; answers RegistrationResponseJSON. Both as text. */
  register(options: string, mistakes?: Mistakes): string;
  /** Signs in with the newest credential that does, by PublicKeyCredentialRequestOptionsJSON; answers AuthenticationResponseJSON. */
  assert(options: string, mistakes?: Mistakes): string;
  /** The same keys and counters once more, as a thief would have them. */
  clone(): Authenticator;
}

interface Credential {
  id: string;
  rpId: string;
  userHandle: string;
  /** PKCS #8 as PEM. */
  key: string;
  counter: number;
}

const creationOptions = z.looseObject({
  challenge: z.string(),
  rp: z.looseObject({ id: z.string() }),
  user: z.looseObject({ id: z.string() }),
  excludeCredentials: z.array(z.looseObject({ id: z.string() })).default([]),
});
const requestOptions = z.looseObject({
  challenge: z.string(),
  rpId: z.string(),
  allowCredentials: z.array(z.looseObject({ id: z.string() })).default([]),
});

const ES256 = -7;

/** One that is used on pages of `origin`. */
export function createAuthenticator(
  origin: string,
  options: AuthenticatorOptions = {},
  credentials: Credential[] = [],
): Authenticator {
  const { aaguid = '00000000-0000-0000-0000-000000000000', attestation = 'none' } = options;
  const { backupEligible = false, hasCounter = true } = options;

  const clientData = (type: string, challenge: string, mistakes: Mistakes) =>
    Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false, ...mistaken(mistakes) }));

  /** WebAuthn Level 3, 6.1. */
  function authenticatorData(credential: Credential, mistakes: Mistakes, attested?: Buffer): Buffer {
    const { rpId = credential.rpId, userPresent = true, userVerified = true } = mistakes;
    const eligible = mistakes.backupEligible ?? backupEligible;
    const flags = (userPresent ? 0x01 : 0) | (userVerified ? 0x04 : 0) | (eligible ? 0x18 : 0) | (attested ? 0x40 : 0);
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(mistakes.counter ?? credential.counter);
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), counter, attested ?? Buffer.alloc(0)]);
  }

  return {
    register(text, mistakes = {}) {
      const asked = creationOptions.parse(JSON.parse(text));
      if (asked.excludeCredentials.some(({ id }) => credentials.some((credential) => credential.id === id))) {
        throw new DOMException('There is a credential of this person already.', 'InvalidStateError');
      }
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      const id = mistakes.credentialId ?? randomBytes(32).toString('base64url');
      const credential = { id, rpId: asked.rp.id, userHandle: asked.user.id, key, counter: hasCounter ? 1 : 0 };
      credentials.push(credential);

      const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
      const attested = attestedData(aaguid, id, coseKey(mistakes.algorithm ?? ES256, x, y));
      const data = authenticatorData(credential, mistakes, attested);
      const client = clientData('webauthn.create', asked.challenge, mistakes);
      const statement =
        attestation === 'packed'
          ? new Map<string, number | Uint8Array>([
              ['alg', ES256],
              ['sig', signed(credential, data, client, mistakes)],
            ])
          : new Map<string, number | Uint8Array>();
      const object = new Map<string, string | Uint8Array | typeof statement>([
        ['fmt', attestation],
        ['attStmt', statement],
        ['authData', new Uint8Array(data)],
      ]);
      return answer(id, {
        clientDataJSON: client.toString('base64url'),
        attestationObject: Buffer.from(isoCBOR.encode(object)).toString('base64url'),
        transports: ['internal'],
      });
    },

    assert(text, mistakes = {}) {
      const asked = requestOptions.parse(JSON.parse(text));
      const allowed = asked.allowCredentials.map(({ id }) => id);
      const credential = credentials.findLast(
        ({ id, rpId }) => rpId === asked.rpId && (allowed.length === 0 || allowed.includes(id)),
      );
      if (!credential) throw new DOMException('There is no credential that would do.', 'NotAllowedError');
      if (hasCounter) credential.counter += 1;

      const data = authenticatorData(credential, mistakes);
      const client = clientData('webauthn.get', asked.challenge, mistakes);
      const { userHandle = credential.userHandle, credentialId = credential.id } = mistakes;
      return answer(credentialId, {
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: Buffer.from(signed(credential, data, client, mistakes)).toString('base64url'),
        ...(userHandle !== null && { userHandle }),
      });
    },

    clone: () =>
      createAuthenticator(
        origin,
        options,
        credentials.map((credential) => ({ ...credential })),
      ),
  };
}

/** What of the client data is wrong (WebAuthn Level 3, 5.8.1). */
function mistaken({ type, challenge, origin, crossOrigin }: Mistakes): object {
  const wrong = { type, challenge, origin, crossOrigin };
  return Object.fromEntries(Object.entries(wrong).filter(([, value]) => value !== undefined));
}

/** WebAuthn Level 3, 6.5.1. */
function attestedData(aaguid: string, id: string, publicKey: Uint8Array): Buffer {
  const credentialId = Buffer.from(id, 'base64url');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(credentialId.length);
  return Buffer.concat([Buffer.from(aaguid.replaceAll('-', ''), 'hex'), length, credentialId, publicKey]);
}

/** An elliptic curve key of P-256 (RFC 9053 7.1.1). */
function coseKey(algorithm: number, x: string, y: string): Uint8Array {
  return isoCBOR.encode(
    new Map<number, number | Uint8Array>([
      [1, 2],
      [3, algorithm],
      [-1, 1],
      [-2, new Uint8Array(Buffer.from(x, 'base64url'))],
      [-3, new Uint8Array(Buffer.from(y, 'base64url'))],
    ]),
  );
}

function signed({ key }: Credential, data: Buffer, client: Buffer, { badSignature }: Mistakes): Uint8Array {
  const over = Buffer.concat([data, badSignature ? sha256('something else') : sha256(client)]);
  return new Uint8Array(sign('sha256', over, createPrivateKey(key)));
}

function answer(id: string, response: object): string {
  return JSON.stringify({ id, rawId: id, type: 'public-key', clientExtensionResults: {}, response });
}

function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}
