// What becomes of wrong answers once a right one comes: which proof forgives guesses, and what of a passkey's failures is kept.

import { expect } from 'chai';

import { createEmailCode } from '../../src/second-factors/email-code.ts';
import { createPasskey } from '../../src/second-factors/passkey.ts';
import type { SecondFactor } from '../../src/second-factors/second-factor.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { NOON, SECRET, aSubject, codeAt, secondFactors, totp } from '../support/second-factors.ts';
import type { FactorProcess, Subject } from '../support/second-factors.ts';

const ORIGIN = 'https://id.example.com';
const email = createEmailCode({ length: 6, life: 300 });
const passkey = createPasskey({
  rpId: 'id.example.com',
  rpName: 'Acme',
  origin: ORIGIN,
  attestation: 'none',
  denyAaguids: [],
});
const refusal = (reason: string) => ({ ok: false, reason });

describeOnEveryDatabase('wrong answers of before', ({ db }) => {
  let ann: Subject;
  let here: FactorProcess;

  beforeEach(async () => {
    ann = await aSubject(db());
    here = secondFactors(db());
  });

  async function add(factor: SecondFactor, secret: string): Promise<void> {
    await here.enrolments.add(ann.tenant.id, ann.userId, { factor: factor.id, name: 'Mine', secret });
  }

  async function enrolPasskey() {
    const person = { tenantId: ann.tenant.id, userId: ann.userId, accountName: 'ann', displayName: 'Ann' };
    const authenticator = createAuthenticator(ORIGIN);
    const begun = await passkey.beginEnrolment(person, []);
    if (!begun.ok) throw new Error(begun.reason);
    const made = await passkey.finishEnrolment(
      person,
      begun.value.kept,
      authenticator.register(begun.value.kept),
      NOON,
    );
    if (!made.ok) throw new Error(made.reason);
    const enrolment = { factor: 'passkey', name: 'Phone', ...made.value.enrolment } as const;
    await here.enrolments.add(ann.tenant.id, ann.userId, enrolment);
    return authenticator;
  }

  async function prove(factor: SecondFactor, answer: string, context = 'login:one') {
    return here.prove.answer({ ...(await here.request(factor, ann, context)), answer });
  }

  async function failures(): Promise<number[]> {
    const rows = await db().query<{ failures: number }>('select failures from attempt_counters where tenant_id = $1', [
      ann.tenant.id,
    ]);
    return rows.map((row) => row.failures);
  }

  async function guess(times: number): Promise<void> {
    for (let i = 0; i < times; i++) expect(await prove(totp, codeAt(SECRET, 50 + i))).to.deep.equal(refusal('wrong'));
  }

  async function proveMail(context = 'login:one') {
    await here.prove.challenge(await here.request(email, ann, context));
    return prove(email, here.sent.at(-1)?.code ?? '', context);
  }

  it('are forgiven where no factor of the person is worth more than the one that is proven, but for a passkey', async () => {
    await enrolPasskey();
    await add(totp, SECRET);
    await add(email, 'ann@example.com');
    await guess(4);
    expect((await prove(totp, codeAt(SECRET))).ok).to.equal(true);
    expect(await failures()).to.deep.equal([]);
  });

  it('are forgiven by a mailbox where that is all that the person has', async () => {
    await add(email, 'ann@example.com');
    await here.prove.challenge(await here.request(email, ann));
    await prove(email, here.sent[0]?.code === '000000' ? '000001' : '000000');
    expect(await failures()).to.deep.equal([1]);
    expect((await proveMail()).ok).to.equal(true);
    expect(await failures()).to.deep.equal([]);
  });

  it('are not forgiven for a weaker factor, which gives its own attempt back', async () => {
    await add(totp, SECRET);
    await add(email, 'ann@example.com');
    await guess(4);
    for (const context of ['login:one', 'login:two']) {
      expect((await proveMail(context)).ok).to.equal(true);
      expect(await failures(), context).to.deep.equal([4]);
    }
    await guess(1);
    expect(await prove(totp, codeAt(SECRET))).to.include({ reason: 'blocked' });
  });

  it('are not forgiven for a contact that is added', async () => {
    await add(totp, SECRET);
    await guess(4);
    const request = await here.request(email, ann);
    await here.enrol.begin({ ...request, contact: 'eve@example.com' });
    const answer = here.sent.at(-1)?.code ?? '';
    const finished = await here.enrol.finish({ ...request, answer, name: '', first: false, keptSession: undefined });
    expect(finished.ok).to.equal(true);
    expect(await failures()).to.deep.equal([4]);
  });

  it('of a passkey keep nobody out, and only so many are written down', async () => {
    const authenticator = await enrolPasskey();
    const request = await here.request(passkey, ann);
    const asked = await here.prove.challenge(request);
    if (!asked.ok || asked.value.factor !== 'passkey') throw new Error('no passkey is asked for');
    const { options } = asked.value;
    const before = here.events.length;
    const answer = authenticator.assert(options, { badSignature: true });
    for (let i = 0; i < 120; i++) expect(await prove(passkey, answer)).to.deep.equal(refusal('wrong'));
    const written = here.events.slice(before).map(({ type }) => type);
    expect(written).to.deep.equal(Array<string>(10).fill('second_factor.failed'));
    expect((await prove(passkey, authenticator.assert(options))).ok).to.equal(true);
  });
});
