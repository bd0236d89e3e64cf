import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';

import { AppError } from '../../src/errors.ts';
import { createPasskey } from '../../src/second-factors/passkey.ts';
import type { PasskeyParameters } from '../../src/second-factors/passkey.ts';
import type { Enrolment } from '../../src/second-factors/second-factor.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import type { Authenticator, AuthenticatorOptions, Mistakes } from '../support/authenticator.ts';

const ORIGIN = 'https://id.example.com';
const AAGUID = 'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4';
const NOW = new Date();
const ann = { tenantId: 'acme', userId: uuidv7(), accountName: 'ann', displayName: 'Ann Lee' };
const ben = { ...ann, userId: uuidv7(), accountName: 'ben' };

const refusal = (reason: string) => ({ ok: false, reason });
const handleOf = ({ userId }: typeof ann) => Buffer.from(userId.replaceAll('-', ''), 'hex').toString('base64url');
const optionsOf = (kept: string) => z.looseObject({}).parse(JSON.parse(kept));

function passkeyOf(parameters: Partial<PasskeyParameters> = {}) {
  const usual = {
    rpId: 'id.example.com',
    rpName: 'Acme',
    origin: ORIGIN,
    attestation: 'none',
    denyAaguids: [],
  } as const;
  return createPasskey({ ...usual, ...parameters });
}

async function begun(person = ann, owned: Enrolment[] = [], passkey = passkeyOf()): Promise<string> {
  const challenge = await passkey.beginEnrolment(person, owned);
  if (!challenge.ok) throw new Error(challenge.reason);
  return challenge.value.kept;
}

/** What a registration comes to. */
async function registered(
  options: AuthenticatorOptions = {},
  mistakes: Mistakes = {},
  passkey = passkeyOf(),
  authenticator: Authenticator = createAuthenticator(ORIGIN, options),
) {
  const kept = await begun(ann, [], passkey);
  return passkey.finishEnrolment(ann, kept, authenticator.register(kept, mistakes), NOW);
}

/** A passkey of somebody's, and the authenticator that has it. */
async function owning(person = ann, options: AuthenticatorOptions = {}) {
  const authenticator = createAuthenticator(ORIGIN, options);
  const passkey = passkeyOf();
  const kept = await begun(person);
  const outcome = await passkey.finishEnrolment(person, kept, authenticator.register(kept), NOW);
  if (!outcome.ok) throw new Error(outcome.reason);
  const { secret, counter = 0, credentialId = '' } = outcome.value.enrolment;
  const times = { createdAt: NOW, lastUsedAt: undefined };
  const enrolment: Enrolment = { id: uuidv7(), factor: 'passkey', name: 'Phone', secret, counter, ...times };
  return { authenticator, enrolment, credentialId };
}

describe('what a passkey asks of the browser when it is made', () => {
  it('is a discoverable credential with user verification', async () => {
    const { rp, attestation, authenticatorSelection, pubKeyCredParams } = optionsOf(await begun());
    expect(rp).to.deep.equal({ id: 'id.example.com', name: 'Acme' });
    expect(attestation).to.equal('none');
    expect(authenticatorSelection).to.include({ residentKey: 'required', userVerification: 'required' });
    expect(pubKeyCredParams).to.deep.equal([-8, -7, -257].map((alg) => ({ alg, type: 'public-key' })));
  });

  it('names the account to its owner, and to the authenticator an id that says nothing', async () => {
    const { user } = optionsOf(await begun());
    expect(user).to.deep.equal({ id: handleOf(ann), name: 'ann', displayName: 'Ann Lee' });
  });

  it('is another one than those that they have', async () => {
    const { authenticator, enrolment, credentialId } = await owning();
    const kept = await begun(ann, [enrolment]);
    const [excluded] = z.array(z.looseObject({})).parse(optionsOf(kept).excludeCredentials);
    expect(excluded).to.deep.equal({ id: credentialId, type: 'public-key', transports: ['internal'] });
    expect(() => authenticator.register(kept)).to.throw(DOMException, 'already');
  });

  it('has a challenge of its own each time', async () => {
    expect(optionsOf(await begun()).challenge).not.to.equal(optionsOf(await begun()).challenge);
    expect(Buffer.from(String(optionsOf(await begun()).challenge), 'base64url')).to.have.lengthOf.at.least(16);
  });

  it('asks for attestation where the tenant does', async () => {
    expect(optionsOf(await begun(ann, [], passkeyOf({ attestation: 'direct' }))).attestation).to.equal('direct');
  });

  it('is shown as it is kept', async () => {
    const kept = await begun();
    expect(await passkeyOf().presentEnrolment(ann, kept)).to.deep.equal({ factor: 'passkey', options: kept });
  });
});

describe('a passkey that is made', () => {
  it('is kept with its public key, its kind and its counter', async () => {
    const outcome = await registered({ aaguid: AAGUID });
    if (!outcome.ok) throw new Error(outcome.reason);
    const { enrolment, amr, use } = outcome.value;
    const { publicKey, id, ...rest } = z.looseObject({}).parse(JSON.parse(enrolment.secret));
    expect(rest).to.deep.equal({
      aaguid: AAGUID,
      deviceType: 'singleDevice',
      backedUp: false,
      transports: ['internal'],
    });
    expect(publicKey).to.be.a('string');
    expect(enrolment).to.include({ credentialId: id, counter: 1 });
    expect(amr).to.deep.equal(['hwk', 'user']);
    expect(use).to.deep.equal({ kind: 'challenge' });
  });

  it('counts as software where it can be copied to other devices', async () => {
    const outcome = await registered({ backupEligible: true });
    expect(outcome.ok && outcome.value.amr).to.deep.equal(['swk', 'user']);
  });

  it('may attest itself', async () => {
    expect((await registered({ attestation: 'packed' })).ok).to.equal(true);
    expect(await registered({ attestation: 'packed' }, { badSignature: true })).to.deep.equal(refusal('wrong'));
  });

  const WRONG: Record<string, Mistakes> = {
    'of another site': { origin: 'https://id.example.com.evil.test' },
    'of another port': { origin: 'https://id.example.com:8443' },
    'within a frame of another site': { crossOrigin: true },
    'for another relying party': { rpId: 'example.com' },
    'by an assertion': { type: 'webauthn.get' },
    'for another challenge': { challenge: 'AAAAAAAAAAAAAAAAAAAAAA' },
    'with nobody there': { userPresent: false },
    'without user verification': { userVerified: false },
    'with an algorithm that was not asked for': { algorithm: -36 },
  };
  for (const [what, mistakes] of Object.entries(WRONG)) {
    it(`${what} is wrong`, async () => {
      expect(await registered({}, mistakes)).to.deep.equal(refusal('wrong'));
    });
  }

  it('with an id longer than ids are is malformed', async () => {
    const ids = [1023, 1024].map((length) => Buffer.alloc(length).toString('base64url'));
    const [longest, longer] = await Promise.all(ids.map((credentialId) => registered({}, { credentialId })));
    expect(longest?.ok).to.equal(true);
    expect(longer).to.deep.equal(refusal('malformed'));
  });

  it('whose attestation would be checked with lists from elsewhere is not accepted', async () => {
    expect(await registered({ attestation: 'android-key' })).to.deep.equal(refusal('not-accepted'));
  });
});

describe('the kinds of authenticators', () => {
  const other = '08987058-cadc-4b81-b6e1-30de50dcbe96';
  const outcomeOf = (parameters: Partial<PasskeyParameters>, options: AuthenticatorOptions = {}) =>
    registered({ aaguid: AAGUID, ...options }, {}, passkeyOf(parameters));

  it('that a tenant denies are not accepted', async () => {
    expect(await outcomeOf({ denyAaguids: [AAGUID.toUpperCase()] })).to.deep.equal(refusal('not-accepted'));
    expect((await outcomeOf({ denyAaguids: [other] })).ok).to.equal(true);
  });

  it('that a tenant does not allow are not accepted', async () => {
    expect(await outcomeOf({ allowAaguids: [other] })).to.deep.equal(refusal('not-accepted'));
    expect((await outcomeOf({ allowAaguids: [other, AAGUID.toUpperCase()] })).ok).to.equal(true);
    expect(await outcomeOf({ allowAaguids: [] })).to.deep.equal(refusal('not-accepted'));
  });

  it('are denied before they are allowed', async () => {
    const both = { allowAaguids: [AAGUID], denyAaguids: [AAGUID] };
    expect(await outcomeOf(both)).to.deep.equal(refusal('not-accepted'));
  });

  it('have to attest what they are where the tenant asks and lists them', async () => {
    const asking = { attestation: 'direct', allowAaguids: [AAGUID] } as const;
    expect(await outcomeOf(asking)).to.deep.equal(refusal('not-accepted'));
    expect((await outcomeOf(asking, { attestation: 'packed' })).ok).to.equal(true);
    expect((await outcomeOf({ attestation: 'direct' })).ok, 'where it lists none').to.equal(true);
  });
});

describe('what a passkey asks of the browser when it is used', () => {
  it('is one of those that the person has, with user verification', async () => {
    const { enrolment, credentialId } = await owning();
    const { kept } = (await passkeyOf().ask(ann, [enrolment])).value;
    const { rpId, userVerification, allowCredentials } = optionsOf(kept);
    expect({ rpId, userVerification }).to.deep.equal({ rpId: 'id.example.com', userVerification: 'required' });
    expect(allowCredentials).to.deep.equal([{ id: credentialId, type: 'public-key', transports: ['internal'] }]);
    expect(passkeyOf().present([enrolment], kept)).to.deep.equal({ factor: 'passkey', options: kept });
  });

  it('is any that the browser has while nobody is known', async () => {
    const { kept } = (await passkeyOf().ask(ann, [])).value;
    expect(optionsOf(kept)).not.to.have.property('allowCredentials');
  });
});

describe('a passkey that is used', () => {
  /** What an answer with these mistakes comes to, by somebody who has one other passkey besides. */
  async function used(mistakes: Mistakes = {}, options: AuthenticatorOptions = {}) {
    const [{ authenticator, enrolment }, spare] = [await owning(ann, options), await owning()];
    const owned = [spare.enrolment, enrolment];
    const passkey = passkeyOf();
    const { kept } = (await passkey.ask(ann, owned)).value;
    const credentialId = mistakes.credentialId === 'spare' ? spare.credentialId : mistakes.credentialId;
    const answer = authenticator.assert(kept, { ...mistakes, ...(credentialId && { credentialId }) });
    return { outcome: await passkey.verify(ann, owned, kept, answer), enrolment };
  }

  it('proves it, with the counter that is used up', async () => {
    const { outcome, enrolment } = await used();
    const use = { kind: 'counter', enrolmentId: enrolment.id, counter: 2 };
    expect(outcome).to.deep.equal({ ok: true, value: { enrolmentId: enrolment.id, amr: ['hwk', 'user'], use } });
  });

  it('proves it without a user handle, which only discovery needs', async () => {
    expect((await used({ userHandle: null })).outcome.ok).to.equal(true);
  });

  it('proves it without a counter', async () => {
    const { outcome } = await used({}, { hasCounter: false, backupEligible: true });
    expect(outcome.ok && outcome.value).to.deep.include({ amr: ['swk', 'user'] });
    expect(outcome.ok && outcome.value.use.counter).to.equal(0);
  });

  const WRONG: Record<string, Mistakes> = {
    'on another site': { origin: 'https://id.example.com.evil.test' },
    'over plain http': { origin: 'http://id.example.com' },
    'within a frame of another site': { crossOrigin: true },
    'for another relying party': { rpId: 'example.com' },
    'as if it were being made': { type: 'webauthn.create' },
    'for another challenge': { challenge: 'AAAAAAAAAAAAAAAAAAAAAA' },
    'with nobody there': { userPresent: false },
    'without user verification': { userVerified: false },
    'with a signature of something else': { badSignature: true },
    'for somebody else': { userHandle: handleOf(ben) },
    'for nobody': { userHandle: '' },
    "under another passkey's id": { credentialId: 'spare' },
    'under an id that nobody has': { credentialId: 'AAAAAAAAAAAAAAAAAAAAAA' },
    'as one that can be copied, which it was not': { backupEligible: true },
  };
  for (const [what, mistakes] of Object.entries(WRONG)) {
    it(`${what} is wrong`, async () => {
      expect((await used(mistakes)).outcome).to.deep.equal(refusal('wrong'));
    });
  }

  it('by somebody else is wrong', async () => {
    const [hers, his] = [await owning(ann), await owning(ben)];
    const { kept } = (await passkeyOf().ask(ann, [])).value;
    const answer = his.authenticator.assert(kept);
    expect(await passkeyOf().verify(ann, [hers.enrolment], kept, answer)).to.deep.equal(refusal('wrong'));
    expect(await passkeyOf().verify(ann, [his.enrolment], kept, answer), 'its user handle tells').to.deep.equal(
      refusal('wrong'),
    );
  });

  it('with a counter that stands still or runs backwards is a clone', async () => {
    for (const counter of [0, 1]) expect((await used({ counter })).outcome).to.deep.equal(refusal('cloned'));
  });

  it('is no clone by what is not signed', async () => {
    expect((await used({ counter: 0, badSignature: true })).outcome).to.deep.equal(refusal('wrong'));
  });

  it('answers no challenge that is not there', async () => {
    const { authenticator, enrolment } = await owning();
    const answer = authenticator.assert((await passkeyOf().ask(ann, [])).value.kept);
    expect(await passkeyOf().verify(ann, [enrolment], undefined, answer)).to.deep.equal(refusal('expired'));
  });

  it('that cannot be read is a fault, which does not tell what was stored', async () => {
    const { authenticator, enrolment } = await owning();
    const { kept } = (await passkeyOf().ask(ann, [])).value;
    const unreadable = { ...enrolment, secret: '{"publicKey":"hidden"}' };
    const fault = await passkeyOf()
      .verify(ann, [unreadable], kept, authenticator.assert(kept))
      .catch((error: unknown) => error);
    if (!(fault instanceof AppError)) throw new Error('there was no fault');
    expect(fault.code).to.equal('internal_error');
    expect(String(fault.cause)).not.to.contain('hidden');
  });
});

describe('an answer that no browser gives', () => {
  const assertion = { clientDataJSON: 'AA', authenticatorData: 'AA', signature: 'AA' };
  const frame = { id: 'AA', rawId: 'AA', type: 'public-key', clientExtensionResults: {} };
  const attestation = { clientDataJSON: 'AA', attestationObject: 'AA' };

  for (const answer of [
    '',
    'null',
    '[]',
    '{}',
    '{"id":',
    JSON.stringify({ ...frame, response: {} }),
    JSON.stringify({ ...frame, type: 'password', response: { ...assertion, ...attestation } }),
    JSON.stringify({ ...frame, id: 'a+/=', response: { ...assertion, ...attestation } }),
    JSON.stringify({ ...frame, id: 'A'.repeat(1368), response: { ...assertion, ...attestation } }),
    JSON.stringify({ ...frame, response: { ...assertion, ...attestation, more: 'A'.repeat(24_000) } }),
  ]) {
    it(`is malformed as ${answer.slice(0, 60) || 'nothing'} …`, async () => {
      const { enrolment } = await owning();
      const passkey = passkeyOf();
      const { kept } = (await passkey.ask(ann, [enrolment])).value;
      expect(await passkey.verify(ann, [enrolment], kept, answer)).to.deep.equal(refusal('malformed'));
      expect(await passkey.finishEnrolment(ann, await begun(), answer, NOW)).to.deep.equal(refusal('malformed'));
    });
  }

  it('is wrong where only its form is right', async () => {
    const { enrolment, credentialId } = await owning();
    const passkey = passkeyOf();
    const { kept } = (await passkey.ask(ann, [enrolment])).value;
    const answer = JSON.stringify({ ...frame, id: credentialId, rawId: credentialId, response: assertion });
    expect(await passkey.verify(ann, [enrolment], kept, answer)).to.deep.equal(refusal('wrong'));
    const made = JSON.stringify({ ...frame, response: attestation });
    expect(await passkey.finishEnrolment(ann, await begun(), made, NOW)).to.have.property('ok', false);
  });
});
