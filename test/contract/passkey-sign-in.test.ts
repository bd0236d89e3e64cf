// A passkey alone: who it is, on which challenge, how often, and what is told of it.

import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import type { AuditEvent } from '../../src/audit/audit.ts';
import type { Database } from '../../src/db/database.ts';
import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { createPasskeySignIn } from '../../src/first-factors/passkey-sign-in.ts';
import { createChallenges } from '../../src/second-factors/challenges.ts';
import { createPostgresEnrolments } from '../../src/second-factors/enrolments-postgres.ts';
import { createPasskey } from '../../src/second-factors/passkey.ts';
import { FAILURES, createTally } from '../../src/security/tally.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { twenty } from '../support/at-once.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import type { AuthenticatorOptions, Mistakes } from '../support/authenticator.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { aTenant } from '../support/rows.ts';
import { aUser } from '../support/second-factors.ts';
import { encryption, settings } from '../support/tenants.ts';

/** Tenants on paths of one host share it. */
const ORIGIN = 'https://id.example.com';
const NOW = new Date('2030-06-01T12:00:00Z');
const HOUR = 60 * 60 * 1000;

const passkey = createPasskey({
  rpId: 'id.example.com',
  rpName: 'Acme',
  origin: ORIGIN,
  attestation: 'none',
  denyAaguids: [],
});
const refusal = (reason: string) => ({ ok: false, reason });

describeOnEveryDatabase('signing in with a passkey alone', ({ db, other }) => {
  let acme: Tenant;
  let userId: string;
  let events: AuditEvent[];
  let told: unknown[];
  let now: Date;
  let store: ReturnType<typeof createMemoryStore>;
  const context = 'login:one';

  beforeEach(async () => {
    [events, told, now, store] = [[], [], NOW, createMemoryStore({ now: () => now.getTime() })];
    acme = await tenantOf(db());
    userId = await aUser(db(), acme.id);
  });

  function signIn(process = db(), bound = 100) {
    return createPasskeySignIn({
      passkey: () => passkey,
      challenges: createChallenges(store, encryption, () => now.getTime()),
      enrolments: createPostgresEnrolments(process, encryption),
      countFailure: createTally({ ...FAILURES, store, bound }),
      audit: { record: async (event) => void events.push(event) },
      db: process,
      notify: async (change) => void told.push(change),
      now: () => now,
    });
  }

  /** An authenticator with a passkey of a user's. */
  async function enrolled(tenant = acme, user = userId, options: AuthenticatorOptions = {}) {
    const person = { tenantId: tenant.id, userId: user, accountName: 'ann', displayName: 'Ann' };
    const authenticator = createAuthenticator(ORIGIN, options);
    const challenge = await passkey.beginEnrolment(person, []);
    if (!challenge.ok) throw new Error(challenge.reason);
    const { kept } = challenge.value;
    const made = await passkey.finishEnrolment(person, kept, authenticator.register(kept), NOW);
    if (!made.ok) throw new Error(made.reason);
    const enrolment = { factor: 'passkey', name: 'Phone', ...made.value.enrolment } as const;
    const id = await createPostgresEnrolments(db(), encryption).add(tenant.id, user, enrolment);
    if (id === undefined) throw new Error('the tenant has it already');
    return { authenticator, id };
  }

  const answerOf = (credential: string, tenant = acme) => ({ tenant, context, credential, address: '192.0.2.1' });

  /** One login from its page to its answer. */
  async function attempt(
    { authenticator }: Pick<Awaited<ReturnType<typeof enrolled>>, 'authenticator'>,
    mistakes: Mistakes = {},
    tenant = acme,
  ) {
    const { options, answer } = signIn();
    return answer(answerOf(authenticator.assert(await options(tenant, context), mistakes), tenant));
  }

  const user = (id = userId) => ({ kind: 'user', id });
  const detail = { factor: 'passkey' };
  const failed = (reason: string) => ({ type: 'login.failed', tenantId: acme.id, subject: user(), detail, reason });

  it('tells who it is, proves both factors and says so', async () => {
    const owned = await enrolled();
    const proof = { factor: 'passkey', amr: ['hwk', 'user'], at: NOW.getTime() / 1000 };
    expect(await attempt(owned)).to.deep.equal({ ok: true, value: { userId, proofGeneration: 0, proof } });
    const proven = { type: 'second_factor.proven', tenantId: acme.id, subject: user(), detail, actor: user() };
    expect(events).to.deep.equal([proven]);
    const [enrolment] = await createPostgresEnrolments(db(), encryption).list(acme.id, userId);
    expect(enrolment).to.include({ id: owned.id, counter: 2 });
    expect(enrolment?.lastUsedAt).to.be.instanceOf(Date);
  });

  it('tells the right one of several people', async () => {
    const ben = await aUser(db(), acme.id, 'ben');
    const [, his] = [await enrolled(), await enrolled(acme, ben)];
    const outcome = await attempt(his);
    expect(outcome.ok && outcome.value.userId).to.equal(ben);
  });

  describe('the challenge', () => {
    it('is the same when the page is asked for again, also by twenty at once', async () => {
      const all = await twenty((n) => signIn(n % 2 ? db() : other()).options(acme, context));
      expect(new Set(all)).to.have.property('size', 1);
      expect(await signIn().options(acme, context)).to.equal(all[0]);
    });

    it('is another one after an answer, in another login and in another tenant', async () => {
      const owned = await enrolled();
      const { options } = signIn();
      const first = await options(acme, context);
      await attempt(owned);
      const others = [options(acme, context), options(acme, 'login:two'), options(await tenantOf(db()), context)];
      expect(new Set([first, ...(await Promise.all(others))])).to.have.property('size', 4);
    });

    it('is answered once', async () => {
      const { authenticator } = await enrolled(acme, userId, { hasCounter: false });
      const { options, answer } = signIn();
      const credential = authenticator.assert(await options(acme, context));
      expect((await answer(answerOf(credential))).ok).to.equal(true);
      expect(await answer(answerOf(credential))).to.deep.equal(refusal('expired'));
      await options(acme, context);
      expect(await answer(answerOf(credential)), 'to the next one').to.deep.equal(refusal('wrong'));
      expect(events.slice(1)).to.deep.equal([failed('wrong')]);
    });

    it('is answered by one of twenty at once', async () => {
      const { authenticator } = await enrolled(acme, userId, { hasCounter: false });
      const credential = authenticator.assert(await signIn().options(acme, context));
      const outcomes = await twenty((n) => signIn(n % 2 ? db() : other()).answer(answerOf(credential)));
      const reasons = outcomes.map((outcome) => (outcome.ok ? 'signed in' : outcome.reason));
      expect(reasons.filter((reason) => reason === 'signed in')).to.have.lengthOf(1);
      expect(reasons.filter((reason) => reason === 'expired')).to.have.lengthOf(19);
      expect(events.filter(({ type }) => type === 'second_factor.proven')).to.have.lengthOf(1);
    });

    it('stays open after a wrong answer', async () => {
      const owned = await enrolled();
      const options = await signIn().options(acme, context);
      expect(await attempt(owned, { badSignature: true })).to.deep.equal(refusal('wrong'));
      expect(await signIn().options(acme, context)).to.equal(options);
      expect((await attempt(owned)).ok).to.equal(true);
    });

    it('is answered within an hour', async () => {
      const { authenticator } = await enrolled();
      const { options, answer } = signIn();
      const credential = authenticator.assert(await options(acme, context));
      now = new Date(NOW.getTime() + HOUR);
      expect(await answer(answerOf(credential))).to.deep.equal(refusal('expired'));
    });

    it('is answered in its own login only', async () => {
      const { authenticator } = await enrolled();
      const { options, answer } = signIn();
      const credential = authenticator.assert(await options(acme, 'login:two'));
      expect(await answer(answerOf(credential)), 'no challenge').to.deep.equal(refusal('expired'));
      await options(acme, context);
      expect(await answer(answerOf(credential)), 'another challenge').to.deep.equal(refusal('wrong'));
    });
  });

  describe('a passkey', () => {
    it("that is another tenant's is unknown, though the host is the same", async () => {
      const globex = await tenantOf(db());
      const owned = await enrolled();
      expect(await attempt(owned, {}, globex)).to.deep.equal(refusal('unknown'));
      expect(events).to.deep.equal([{ ...failed('unknown'), subject: undefined, tenantId: globex.id }]);
    });

    it('that was removed is unknown', async () => {
      const owned = await enrolled();
      await createPostgresEnrolments(db(), encryption).remove(acme.id, userId, owned.id);
      expect(await attempt(owned)).to.deep.equal(refusal('unknown'));
      expect(events).to.deep.equal([{ ...failed('unknown'), subject: undefined }]);
    });

    it('is unknown where the tenant does not allow passkeys', async () => {
      const owned = await enrolled();
      const policy = { secondFactors: { allowed: ['totp'] } };
      const outcome = await attempt(owned, {}, { ...acme, settings: settings({ policy }) });
      expect(outcome).to.deep.equal(refusal('unknown'));
    });

    it('has to say whose it is, and to say the truth', async () => {
      const owned = await enrolled();
      const ben = await aUser(db(), acme.id, 'ben');
      const userHandle = Buffer.from(ben.replaceAll('-', ''), 'hex').toString('base64url');
      expect(await attempt(owned, { userHandle })).to.deep.equal(refusal('wrong'));
      expect(events).to.deep.equal([failed('wrong')]);
      expect(await attempt(owned, { userHandle: null })).to.deep.equal(refusal('malformed'));
    });

    for (const [what, mistakes] of Object.entries<Mistakes>({
      'on another site': { origin: 'https://evil.test' },
      'for another relying party': { rpId: 'example.com' },
      'without user verification': { userVerified: false },
      'with a signature of something else': { badSignature: true },
    })) {
      it(`${what} is wrong, and audited`, async () => {
        expect(await attempt(await enrolled(), mistakes)).to.deep.equal(refusal('wrong'));
        expect(events).to.deep.equal([failed('wrong')]);
        expect(told).to.deep.equal([]);
      });
    }
  });

  describe('a cloned authenticator', () => {
    const notice = () => ({ tenantId: acme.id, userId, notice: { kind: 'passkey-refused' } });

    it('is refused, audited and told to its owner', async () => {
      const owned = await enrolled();
      const clone = { authenticator: owned.authenticator.clone() };
      expect((await attempt(owned)).ok).to.equal(true);
      expect(await attempt(clone)).to.deep.equal(refusal('cloned'));
      expect(events.at(-1)).to.deep.equal(failed('cloned'));
      expect(told).to.deep.equal([notice()]);
    });

    it('that is used at the same time as the true one is refused, or the true one is', async () => {
      const { authenticator } = await enrolled();
      const answers = await Promise.all(
        [authenticator, authenticator.clone()].map(async (each, i) => {
          const at = `login:${i}`;
          return { ...answerOf(each.assert(await signIn().options(acme, at))), context: at };
        }),
      );
      const [one, two] = [signIn(db()), signIn(other())];
      const outcomes = await Promise.all(answers.map((answer, i) => (i ? one : two).answer(answer)));
      expect(outcomes.filter(({ ok }) => ok)).to.have.lengthOf(1);
      expect(outcomes.filter(({ ok }) => !ok)).to.deep.equal([refusal('cloned')]);
      expect(told).to.deep.equal([notice()]);
    });
  });

  describe('what went wrong before', () => {
    /** As many of an unknown credential as are let through, then one more. */
    async function floodOf(limited: ReturnType<typeof signIn>, bound: number) {
      const stranger = createAuthenticator(ORIGIN);
      const person = { tenantId: acme.id, userId: uuidv7(), accountName: 'eve', displayName: 'Eve' };
      const challenge = await passkey.beginEnrolment(person, []);
      if (!challenge.ok) throw new Error(challenge.reason);
      stranger.register(challenge.value.kept);
      const flood = [];
      for (let i = 0; i < bound + 5; i++) {
        flood.push(await limited.answer(answerOf(stranger.assert(await limited.options(acme, context)))));
      }
      return flood.map((outcome) => (outcome.ok ? 'signed in' : outcome.reason));
    }

    it('is bounded by address, and never in the way of an answer that is right', async () => {
      const { authenticator } = await enrolled();
      const limited = signIn(db(), 3);
      const answer = async (mistakes: Mistakes = {}) =>
        limited.answer(answerOf(authenticator.assert(await limited.options(acme, context), mistakes)));
      const [unknown, blocked] = [Array<string>(3).fill('unknown'), Array<string>(5).fill('blocked')];
      expect(await floodOf(limited, 3)).to.deep.equal([...unknown, ...blocked]);
      expect(await answer({ badSignature: true }), 'a wrong one')
        .to.include({ reason: 'blocked' })
        .and.have.property('retryAfter')
        .within(290, 300);
      expect((await answer()).ok, 'from the same address').to.equal(true);
      const elsewhere = authenticator.assert(await limited.options(acme, context), { badSignature: true });
      expect(await limited.answer({ ...answerOf(elsewhere), address: '198.51.100.7' })).to.deep.equal(refusal('wrong'));
    });

    it('is written down within the bound, and once beyond it', async () => {
      const limited = signIn(db(), 3);
      await floodOf(limited, 3);
      const types = events.map(({ type, reason }) => `${type} ${reason}`);
      expect(types).to.deep.equal([...Array<string>(3).fill('login.failed unknown'), 'login.blocked blocked']);
    });

    it('hides no clone', async () => {
      const owned = await enrolled();
      const clone = { authenticator: owned.authenticator.clone() };
      await attempt(owned);
      const limited = signIn(db(), 1);
      await floodOf(limited, 1);
      const credential = clone.authenticator.assert(await limited.options(acme, context));
      expect(await limited.answer(answerOf(credential))).to.deep.equal(refusal('cloned'));
      expect(events.at(-1)).to.deep.equal(failed('cloned'));
    });

    it('is not what is malformed, or answers nothing', async () => {
      const { authenticator } = await enrolled();
      const limited = signIn(db(), 3);
      for (const credential of ['', '{}', 'x'.repeat(100_000), '[]', ''])
        expect(await limited.answer(answerOf(credential))).to.deep.equal(refusal('malformed'));
      const credential = authenticator.assert(await limited.options(acme, 'login:two'));
      for (let i = 0; i < 4; i++) expect(await limited.answer(answerOf(credential))).to.deep.equal(refusal('expired'));
      expect(events).to.deep.equal([]);
      await limited.options(acme, context);
      expect(await limited.answer(answerOf(credential)), 'the first failure').to.deep.equal(refusal('wrong'));
    });

    it('locks nobody out', async () => {
      const owned = await enrolled();
      for (let i = 0; i < 8; i++) await attempt(owned, { badSignature: true });
      expect((await attempt(owned)).ok).to.equal(true);
      expect(await db().query('select subject from attempt_counters where tenant_id = $1', [acme.id])).to.deep.equal(
        [],
      );
    });
  });
});

async function tenantOf(db: Database): Promise<Tenant> {
  const id = await aTenant(db);
  const rest = { status: 'active', secret: uuidv7(), directories: [], version: 1 } as const;
  return { id, slug: 'acme', name: 'Acme', settings: settings(), ...rest };
}
