// What proving, adding, renaming and removing a second factor brings about, whichever factor it is. What each factor must do has a
// suite of its own (second-factor.ts).

import { expect } from 'chai';
import { z } from 'zod';

import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import type { EphemeralStore } from '../../src/ephemeral/ephemeral-store.ts';
import { storageUnavailable } from '../../src/errors.ts';
import { refused } from '../../src/outcome.ts';
import { createEmailCode } from '../../src/second-factors/email-code.ts';
import { createPasskey } from '../../src/second-factors/passkey.ts';
import type { FactorRequest } from '../../src/second-factors/questions.ts';
import { createRecoveryCodes } from '../../src/second-factors/recovery-codes.ts';
import type { SecondFactor } from '../../src/second-factors/second-factor.ts';
import { createPostgresSessions } from '../../src/sessions/sessions-postgres.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import {
  NOON,
  OTHER_SECRET,
  SECRET,
  aSubject,
  aUser,
  codeAt,
  secondFactors,
  tenantOf,
  totp,
} from '../support/second-factors.ts';
import type { FactorProcess, Subject } from '../support/second-factors.ts';

const ORIGIN = 'https://id.example.com';
const email = createEmailCode({ length: 6, life: 300 });
const recoveryCodes = createRecoveryCodes({ key: Buffer.alloc(32, 7) });
const passkey = createPasskey({
  rpId: 'id.example.com',
  rpName: 'Acme',
  origin: ORIGIN,
  attestation: 'none',
  denyAaguids: [],
});
const refusal = (reason: string) => ({ ok: false, reason });

describeOnEveryDatabase('a second factor', ({ db, other }) => {
  let ann: Subject;
  let here: FactorProcess;
  let store: EphemeralStore;

  beforeEach(async () => {
    ann = await aSubject(db());
    store = createMemoryStore();
    here = secondFactors(db(), { store });
  });

  const user = () => ({ kind: 'user', id: ann.userId });
  const owned = async () => here.enrolments.list(ann.tenant.id, ann.userId);

  async function add(factor: SecondFactor, secret: string, more = {}): Promise<string> {
    const enrolment = { factor: factor.id, name: 'Mine', secret, ...more };
    const id = await here.enrolments.add(ann.tenant.id, ann.userId, enrolment);
    if (id === undefined) throw new Error('the tenant has it already');
    return id;
  }

  async function prove(factor: SecondFactor, answer: string, { by = here, context = 'login:one' } = {}) {
    return by.prove.answer({ ...(await by.request(factor, ann, context)), answer });
  }

  async function finish(factor: SecondFactor, answer: string, changes: Finishing = {}, by = here) {
    const form = { answer, name: 'Phone', first: false, keptSession: undefined, ...changes };
    return by.enrol.finish({ ...(await by.request(factor, ann)), ...form });
  }

  /** Begins with a passkey; answers what the browser is given. */
  async function creation(request: FactorRequest): Promise<string> {
    const current = await here.enrol.current(request);
    if (!current.ok || current.value?.view.factor !== 'passkey') throw new Error('no passkey is being made');
    return current.value.view.options;
  }

  /** Begins with an app; answers what it shows so many steps after noon. */
  async function beginTotp(by = here): Promise<(steps: number) => string> {
    const current = await by.enrol.current(await by.request(totp, ann));
    if (!current.ok || current.value?.view.factor !== 'totp') throw new Error('no app is being set up');
    const key = current.value.view.key.replaceAll(' ', '');
    return (steps) => codeAt(key, steps);
  }

  describe('that is added', () => {
    it('is told of and audited', async () => {
      const code = await beginTotp();
      const proof = { factor: 'totp', amr: ['otp'], at: NOON.getTime() / 1000 };
      expect(await finish(totp, code(0), { first: true })).to.deep.equal({ ok: true, value: proof });
      const notice = { kind: 'factor-added', factor: 'totp', name: 'Phone' };
      expect(here.told).to.deep.equal([{ tenantId: ann.tenant.id, userId: ann.userId, notice }]);
      const detail = { factor: 'totp', name: 'Phone' };
      expect(here.events).to.deep.equal([
        { type: 'second_factor.enrolled', tenantId: ann.tenant.id, actor: user(), subject: user(), detail },
      ]);
    });

    it('uses its first code up: that does not sign in', async () => {
      const code = await beginTotp();
      await finish(totp, code(0));
      expect(await prove(totp, code(0))).to.deep.equal(refusal('replayed'));
      expect(await prove(totp, code(-1)), 'an older one').to.deep.equal(refusal('replayed'));
      expect((await prove(totp, code(1))).ok).to.equal(true);
    });

    it('ends other sessions and trusted devices', async () => {
      await signInTwice();
      const code = await beginTotp();
      await finish(totp, code(0), { keptSession: 'kept' });
      await expectOthersGone();
    });

    it('is the first one only where there is none that could be asked for', async () => {
      const code = await beginTotp();
      // None of these lets its owner in: there are no codes left, and the tenant allows no mail.
      await add(recoveryCodes, '', { codeHashes: [] });
      ann = { ...ann, tenant: tenantOf(ann.tenant.id, { secondFactors: { allowed: ['totp', 'recovery-code'] } }) };
      await add(email, 'ann@example.com');
      expect((await finish(totp, code(0), { first: true })).ok).to.equal(true);

      here.pass(60);
      const another = await beginTotp();
      expect(await finish(totp, another(2), { first: true })).to.deep.equal(refusal('not-first'));
      here.pass(30);
      expect((await finish(totp, another(3))).ok).to.equal(true);
    });

    it('is the first one once, also when two try at once', async () => {
      const begun = [];
      for (const [by, context] of [
        [here, 'login:one'],
        [secondFactors(other(), { store }), 'login:two'],
      ] as const) {
        const request = await by.request(passkey, ann, context);
        const answer = createAuthenticator(ORIGIN).register(await creation(request));
        begun.push(() => by.enrol.finish({ ...request, answer, name: 'Key', first: true, keptSession: undefined }));
      }
      const outcomes = await Promise.all(begun.map((finishIt) => finishIt()));
      expect(outcomes.filter(({ ok }) => ok)).to.have.lengthOf(1);
      expect(await owned()).to.have.lengthOf(1);
    });

    it('shows what is being set up again after a reload, and something else in another login', async () => {
      const request = await here.request(totp, ann);
      const first = await here.enrol.current(request);
      expect(await here.enrol.current(request)).to.deep.equal(first);
      expect(await here.enrol.current({ ...request, context: 'login:two' })).not.to.deep.equal(first);
    });
  });

  describe('that sends', () => {
    const ASKED = 'ann@example.com';
    const begin = async (contact = ASKED) => here.enrol.begin({ ...(await here.request(email, ann)), contact });
    const current = async () => here.enrol.current(await here.request(email, ann));

    it('asks for a contact first, and sends there once', async () => {
      expect(await current()).to.deep.equal({ ok: true, value: undefined });
      expect(await begin('not an address')).to.deep.equal(refusal('malformed-contact'));
      expect(await current()).to.deep.equal({ ok: true, value: undefined });

      await Promise.all([begin(), begin(), begin()]);
      expect(here.sent.map(({ to }) => to)).to.deep.equal([ASKED]);
      const shown = await current();
      expect(shown.ok && shown.value?.view).to.deep.equal({ factor: 'email', target: ASKED });
      expect(shown.ok && shown.value?.sent).to.deep.include({ status: 'sent', resendIn: 30 });
      expect((await finish(email, here.sent[0]?.code ?? '')).ok).to.equal(true);
      expect((await owned())[0]).to.deep.include({ factor: 'email', secret: ASKED });
    });

    it('takes another contact instead, whose code is the only one that is good', async () => {
      await begin();
      await here.enrol.cancel(await here.request(email, ann));
      expect(await current()).to.deep.equal({ ok: true, value: undefined });
      await begin('other@example.com');
      await begin('last@example.com');
      const codes = here.sent.map(({ code }) => code);
      expect(codes).to.have.lengthOf(3);
      for (const former of codes.slice(0, 2)) expect(await finish(email, former)).to.deep.equal(refusal('wrong'));
      expect((await finish(email, codes[2] ?? '')).ok).to.equal(true);
      expect((await owned())[0]?.secret).to.equal('last@example.com');
    });

    it('sends again to the same contact, once the time has come', async () => {
      const again = async () => here.enrol.again(await here.request(email, ann));
      expect(await again()).to.deep.equal(refusal('expired'));
      await begin();
      expect(await again()).to.deep.equal(refusal('too-soon'));
      here.pass(30);
      expect((await again()).ok).to.equal(true);
      expect(here.sent.map(({ to }) => to)).to.deep.equal([ASKED, ASKED]);
      expect(await finish(email, here.sent[0]?.code ?? '')).to.deep.equal(refusal('wrong'));
      expect((await finish(email, here.sent[1]?.code ?? '')).ok).to.equal(true);
    });

    it('leaves no question behind that was not sent', async () => {
      await add(email, ASKED);
      const tooMany = { ...refused('too-many-sent' as const), retryAfter: 60 };
      const outcomes = [async () => tooMany, async () => refused('unreachable' as const)];
      for (const sendCode of outcomes) {
        const process = secondFactors(db(), { sendCode });
        const request = await process.request(email, ann);
        expect(await process.prove.question(request)).to.deep.equal(await sendCode());
        expect(await process.challenges.find(placeOf(request.owned[0]?.id))).to.equal(undefined);
      }
      const broken = secondFactors(db(), { sendCode: () => Promise.reject(storageUnavailable(new Error('outbox'))) });
      const fault = await broken.prove.question(await broken.request(email, ann)).catch((error: unknown) => error);
      expect(fault).to.include({ code: 'storage_unavailable' });
      expect(await broken.challenges.find(placeOf((await owned())[0]?.id))).to.equal(undefined);
    });

    it('leaves the former code good when another one cannot be sent', async () => {
      await add(email, ASKED);
      let sent = '';
      const process = secondFactors(db(), {
        sendCode: async ({ message }) => {
          if (sent !== '') return refused('unreachable');
          sent = message.code;
          return { ok: true, value: { deliveryId: 'delivery' } };
        },
      });
      const request = await process.request(email, ann);
      await process.prove.question(request);
      process.pass(30);
      expect(await process.prove.again(request)).to.deep.equal(refusal('unreachable'));
      expect((await prove(email, sent, { by: process })).ok).to.equal(true);
    });

    it('asks each of several addresses for itself', async () => {
      await add(email, ASKED);
      await add(email, 'other@example.com');
      const request = await here.request(email, ann);
      const [one, another] = request.owned.map((chosen) => ({ ...request, owned: [chosen] }));
      if (!one || !another) throw new Error('two are enrolled');
      for (const asked of [one, another, one]) await here.prove.question(asked);
      const [ones, anothers] = here.sent.map(({ code }) => code);
      expect(here.sent.map(({ to }) => to)).to.deep.equal([ASKED, 'other@example.com']);
      expect(await here.prove.answer({ ...another, answer: ones ?? '' })).to.deep.equal(refusal('wrong'));
      expect((await here.prove.answer({ ...another, answer: anothers ?? '' })).ok).to.equal(true);
      expect((await here.prove.answer({ ...one, answer: ones ?? '' })).ok).to.equal(true);
    });

    function placeOf(enrolmentId: string | undefined) {
      const place = { tenantId: ann.tenant.id, userId: ann.userId, context: 'login:one', purpose: 'prove' } as const;
      return { ...place, factor: 'email', enrolmentId: enrolmentId ?? '' } as const;
    }
  });

  describe('recovery codes', () => {
    async function made(): Promise<readonly string[]> {
      const current = await here.enrol.current(await here.request(recoveryCodes, ann));
      if (!current.ok || current.value?.view.factor !== 'recovery-code') throw new Error('no codes are shown');
      return current.value.view.codes;
    }

    it('prove nothing by being shown, and are told of as such', async () => {
      await made();
      expect(await finish(recoveryCodes, 'saved')).to.deep.equal({ ok: true, value: undefined });
      expect(here.told.map(({ notice }) => notice)).to.deep.equal([{ kind: 'recovery-codes-made' }]);
      expect((await owned()).map(({ remaining }) => remaining)).to.deep.equal([10]);
    });

    it('take the place of the former ones', async () => {
      const [former] = await made();
      await finish(recoveryCodes, 'saved');
      const [latter] = await made();
      expect((await finish(recoveryCodes, 'saved')).ok).to.equal(true);
      expect(await owned()).to.have.lengthOf(1);
      expect(await prove(recoveryCodes, former ?? '')).to.deep.equal(refusal('wrong'));
      expect((await prove(recoveryCodes, latter ?? '')).ok).to.equal(true);
    });

    it('are told of when one is used, with how many are left', async () => {
      const codes = await made();
      await finish(recoveryCodes, 'saved');
      here.told.length = 0;
      for (const code of codes.slice(0, 2)) expect((await prove(recoveryCodes, code)).ok).to.equal(true);
      expect(here.told.map(({ notice }) => notice)).to.deep.equal([
        { kind: 'recovery-code-used', remaining: 9 },
        { kind: 'recovery-code-used', remaining: 8 },
      ]);
      const view = await here.prove.question(await here.request(recoveryCodes, ann));
      expect(view.ok && view.value.view).to.deep.equal({ factor: 'recovery-code', remaining: 8 });
    });

    it('are stored as hashes', async () => {
      const codes = await made();
      await finish(recoveryCodes, 'saved');
      const rows = await db().query<{ code_hash: string }>('select code_hash from recovery_codes');
      const stored = rows.map((row) => row.code_hash).join(' ');
      for (const code of codes) expect(stored).not.to.contain(code).and.not.to.contain(code.replace('-', ''));
    });
  });

  describe('that is proven', () => {
    it('is none that the person does not have', async () => {
      expect(await prove(totp, '123456')).to.deep.equal(refusal('not-enrolled'));
      const request = await here.request(totp, ann);
      expect(await here.prove.question(request)).to.deep.equal(refusal('not-enrolled'));
      expect(await here.prove.again(request)).to.deep.equal(refusal('not-enrolled'));
    });

    it('counts wrong codes on the account, across factors, logins, processes and addresses', async () => {
      await add(totp, SECRET);
      await add(recoveryCodes, '', { codeHashes: ['hash'] });
      await add(email, 'ann@example.com');
      const elsewhere = secondFactors(other());
      await here.prove.question(await here.request(email, ann));
      const wrongMail = here.sent[0]?.code === '000000' ? '000001' : '000000';
      expect(await prove(totp, codeAt(SECRET, 50))).to.deep.equal(refusal('wrong'));
      expect(await prove(recoveryCodes, 'ZZZZZ-ZZZZZ', { by: elsewhere })).to.deep.equal(refusal('wrong'));
      expect(await prove(email, wrongMail)).to.deep.equal(refusal('wrong'));
      expect(await prove(totp, codeAt(SECRET, 51), { context: 'account:one' })).to.deep.equal(refusal('wrong'));
      const request = await elsewhere.request(totp, ann);
      const far = { ...request, address: '203.0.113.9', answer: codeAt(SECRET, 52) };
      expect(await elsewhere.prove.answer(far)).to.deep.equal(refusal('wrong'));

      for (const [factor, answer] of [
        [totp, codeAt(SECRET)],
        [email, here.sent[0]?.code ?? ''],
      ] as const) {
        expect(await prove(factor, answer))
          .to.include({ reason: 'blocked' })
          .and.have.property('retryAfter')
          .within(1, 30);
      }
      expect(here.events.at(-1)).to.include({ type: 'second_factor.blocked', reason: 'blocked' });
    });

    it('lets a passkey in while guesses are blocked', async () => {
      const authenticator = await enrolPasskey();
      await add(totp, SECRET);
      for (let i = 0; i < 5; i++) await prove(totp, codeAt(SECRET, 50));
      expect(await prove(totp, codeAt(SECRET))).to.include({ reason: 'blocked' });
      expect((await prove(passkey, authenticator.assert(await options()))).ok).to.equal(true);
    });

    it('may be any of several apps', async () => {
      await add(totp, SECRET);
      const tablet = await add(totp, OTHER_SECRET, { name: 'Tablet' });
      expect((await prove(totp, codeAt(OTHER_SECRET))).ok).to.equal(true);
      const used = (await owned()).filter(({ lastUsedAt }) => lastUsedAt !== undefined);
      expect(used.map(({ id }) => id)).to.deep.equal([tablet]);
    });

    it('refuses a copy of a passkey, audits it and tells its owner', async () => {
      const authenticator = await enrolPasskey();
      const copy = authenticator.clone();
      expect((await prove(passkey, authenticator.assert(await options()))).ok).to.equal(true);
      here.told.length = 0;
      expect(await prove(passkey, copy.assert(await options()))).to.deep.equal(refusal('cloned'));
      expect(here.told.map(({ notice }) => notice)).to.deep.equal([{ kind: 'passkey-refused' }]);
      expect(here.events.map(({ type }) => type)).to.include('second_factor.cloned');
    });

    it('is a passkey of one person in the tenant', async () => {
      const registration = createAuthenticator(ORIGIN).register(await creation(await here.request(passkey, ann)));
      const bob = await aUser(db(), ann.tenant.id, 'bob');
      const { id: credentialId } = z.object({ id: z.string() }).parse(JSON.parse(registration));
      const bobs = { factor: 'passkey', name: 'Theirs', secret: '{}', credentialId } as const;
      await here.enrolments.add(ann.tenant.id, bob, bobs);
      expect(await finish(passkey, registration)).to.deep.equal(refusal('taken'));
      expect(await owned()).to.deep.equal([]);
    });

    async function enrolPasskey() {
      const authenticator = createAuthenticator(ORIGIN);
      await finish(passkey, authenticator.register(await creation(await here.request(passkey, ann))));
      return authenticator;
    }

    async function options(): Promise<string> {
      const asked = await here.prove.question(await here.request(passkey, ann));
      if (!asked.ok || asked.value.view.factor !== 'passkey') throw new Error('no passkey is asked for');
      return asked.value.view.options;
    }
  });

  describe('that is renamed or removed', () => {
    const ref = (enrolmentId: string) => ({
      tenantId: ann.tenant.id,
      userId: ann.userId,
      enrolmentId,
      keptSession: 'kept',
    });

    it('has its new name, is told of and audited, and ends other sessions and trusted devices', async () => {
      const id = await add(totp, SECRET);
      await signInTwice();
      expect(await here.manage.rename(ref(id), 'Work phone')).to.equal(true);
      expect((await owned())[0]?.name).to.equal('Work phone');
      expect(here.told[0]?.notice).to.deep.equal({ kind: 'factor-renamed', factor: 'totp', name: 'Work phone' });
      expect(here.events[0]).to.deep.include({
        type: 'second_factor.renamed',
        detail: { factor: 'totp', name: 'Work phone' },
      });
      await expectOthersGone();
    });

    it('is gone, told of while it is still there, audited, and ends other sessions and trusted devices', async () => {
      const id = await add(totp, SECRET);
      await signInTwice();
      let ownedWhenTold = 0;
      here = secondFactors(db(), {
        notify: async () => {
          ownedWhenTold = (await owned()).length;
        },
      });
      expect(await here.manage.remove(ref(id))).to.deep.equal({ ok: true, value: undefined });
      expect(ownedWhenTold, 'a mail goes to the address that is removed as well').to.equal(1);
      expect(await owned()).to.deep.equal([]);
      expect(here.told[0]?.notice).to.deep.equal({ kind: 'factor-removed', factor: 'totp', name: 'Mine' });
      expect(here.events[0]).to.include({ type: 'second_factor.removed' });
      await expectOthersGone();
      expect(await here.manage.remove(ref(id))).to.deep.equal(refusal('unknown'));
    });

    it('is nobody else’s, and none that does not exist', async () => {
      const id = await add(totp, SECRET);
      const bob = await aUser(db(), ann.tenant.id, 'bob');
      const { tenant: elsewhere } = await aSubject(db());
      for (const wrong of [
        { ...ref(id), userId: bob },
        { ...ref(id), tenantId: elsewhere.id },
        ref('directory-email'),
        ref(crypto.randomUUID()),
      ]) {
        expect(await here.manage.rename(wrong, 'Mine now')).to.equal(false);
        expect(await here.manage.remove(wrong)).to.deep.equal(refusal('unknown'));
      }
      expect((await owned())[0]).to.include({ id, name: 'Mine' });
      expect([here.told, here.events]).to.deep.equal([[], []]);
    });

    it('stays as it was when the person cannot be told', async () => {
      const id = await add(totp, SECRET);
      const broken = secondFactors(db(), { notify: () => Promise.reject(storageUnavailable(new Error('outbox'))) });
      for (const change of [() => broken.manage.rename(ref(id), 'Other'), () => broken.manage.remove(ref(id))]) {
        expect(await change().catch((error: unknown) => error)).to.include({ code: 'storage_unavailable' });
      }
      expect((await owned())[0]).to.include({ id, name: 'Mine' });
    });
  });

  async function signInTwice(): Promise<void> {
    const sessions = createPostgresSessions(db());
    for (const uid of ['kept', 'other']) {
      await sessions.save(ann.tenant.id, { ...signedIn(uid, ann.userId), authorizations: {}, removedClients: [] });
    }
    await here.trustedDevices.trust(ann.tenant.id, ann.userId, { name: 'Firefox', address: '192.0.2.1', days: 30 });
  }

  async function expectOthersGone(): Promise<void> {
    const sessions = createPostgresSessions(db());
    expect(await sessions.findByUid(ann.tenant.id, 'kept')).to.include({ userId: ann.userId });
    expect(await sessions.findByUid(ann.tenant.id, 'other')).to.equal(undefined);
    expect(await here.trustedDevices.list(ann.tenant.id, ann.userId)).to.deep.equal([]);
    const details = here.events.map(({ type, detail }) => [type, detail]);
    expect(details).to.deep.include(['session.ended', { sessions: ['other'] }]);
    expect(details).to.deep.include(['device.forgotten', { devices: 1 }]);
  }
});

interface Finishing {
  first?: boolean;
  keptSession?: string;
}

function signedIn(uid: string, userId: string) {
  const signIn = {
    userId,
    acr: 'sfa',
    amr: ['pwd'],
    authTime: 1,
    proofs: [],
    address: undefined,
    userAgent: undefined,
  };
  return { uid, id: `cookie of ${uid}`, signIn, idle: 60, absolute: 60 };
}
