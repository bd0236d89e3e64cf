// What setting up a second factor brings about, and one that sends its codes.

import { expect } from 'chai';

import { storageUnavailable } from '../../src/errors.ts';
import { refused } from '../../src/outcome.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { NOON, secondFactors, tenantOf, totp } from '../support/second-factors.ts';
import { aFactorOwner, email, ORIGIN, passkey, recoveryCodes, refusal } from '../support/factor-owner.ts';

describeOnEveryDatabase('a second factor', (databases) => {
  const { db, other } = databases;
  const my = aFactorOwner(databases);
  const { user, owned, add, prove, finish, creation, beginTotp, signInTwice, expectOthersGone } = my;

  describe('that is added', () => {
    it('is told of and audited', async () => {
      const code = await beginTotp();
      const proof = { factor: 'totp', amr: ['otp'], at: NOON.getTime() / 1000 };
      expect(await finish(totp, code(0), { first: true })).to.deep.equal({ ok: true, value: proof });
      const notice = { kind: 'factor-added', factor: 'totp', name: 'Phone' };
      expect(my.here.told).to.deep.equal([{ tenantId: my.ann.tenant.id, userId: my.ann.userId, notice }]);
      const detail = { factor: 'totp', name: 'Phone' };
      expect(my.here.events).to.deep.equal([
        { type: 'second_factor.enrolled', tenantId: my.ann.tenant.id, actor: user(), subject: user(), detail },
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
      my.ann = {
        ...my.ann,
        tenant: tenantOf(my.ann.tenant.id, { secondFactors: { allowed: ['totp', 'recovery-code'] } }),
      };
      await add(email, 'ann@example.com');
      expect((await finish(totp, code(0), { first: true })).ok).to.equal(true);

      my.here.pass(60);
      const another = await beginTotp();
      expect(await finish(totp, another(2), { first: true })).to.deep.equal(refusal('not-first'));
      my.here.pass(30);
      expect((await finish(totp, another(3))).ok).to.equal(true);
    });

    it('is the first one once, also when two try at once', async () => {
      const begun = [];
      for (const [by, context] of [
        [my.here, 'login:one'],
        [secondFactors(other(), { store: my.store }), 'login:two'],
      ] as const) {
        const request = await by.request(passkey, my.ann, context);
        const answer = createAuthenticator(ORIGIN).register(await creation(request));
        begun.push(() => by.enrol.finish({ ...request, answer, name: 'Key', first: true, keptSession: undefined }));
      }
      const outcomes = await Promise.all(begun.map((finishIt) => finishIt()));
      expect(outcomes.filter(({ ok }) => ok)).to.have.lengthOf(1);
      expect(await owned()).to.have.lengthOf(1);
    });

    it('shows what is being set up again after a reload, and something else in another login', async () => {
      const request = await my.here.request(totp, my.ann);
      const first = await my.here.enrol.current(request);
      expect(await my.here.enrol.current(request)).to.deep.equal(first);
      expect(await my.here.enrol.current({ ...request, context: 'login:two' })).not.to.deep.equal(first);
    });
  });

  describe('that sends', () => {
    const ASKED = 'ann@example.com';
    const begin = async (contact = ASKED) =>
      my.here.enrol.begin({ ...(await my.here.request(email, my.ann)), contact });
    const current = async () => my.here.enrol.current(await my.here.request(email, my.ann));

    it('asks for a contact first, and sends there once', async () => {
      expect(await current()).to.deep.equal({ ok: true, value: undefined });
      expect(await begin('not an address')).to.deep.equal(refusal('malformed-contact'));
      expect(await current()).to.deep.equal({ ok: true, value: undefined });

      await Promise.all([begin(), begin(), begin()]);
      expect(my.here.sent.map(({ to }) => to)).to.deep.equal([ASKED]);
      const shown = await current();
      expect(shown.ok && shown.value).to.deep.include({ factor: 'email', target: ASKED });
      expect(shown.ok && shown.value)
        .to.have.property('sent')
        .that.includes({ status: 'sent', resendIn: 30 });
      expect((await finish(email, my.here.sent[0]?.code ?? '')).ok).to.equal(true);
      expect((await owned())[0]).to.deep.include({ factor: 'email', secret: ASKED });
    });

    it('takes another contact instead, whose code is the only one that is good', async () => {
      await begin();
      await my.here.enrol.cancel(await my.here.request(email, my.ann));
      expect(await current()).to.deep.equal({ ok: true, value: undefined });
      await begin('other@example.com');
      await begin('last@example.com');
      const codes = my.here.sent.map(({ code }) => code);
      expect(codes).to.have.lengthOf(3);
      for (const former of codes.slice(0, 2)) expect(await finish(email, former)).to.deep.equal(refusal('wrong'));
      expect((await finish(email, codes[2] ?? '')).ok).to.equal(true);
      expect((await owned())[0]?.secret).to.equal('last@example.com');
    });

    it('sends again to the same contact, once the time has come', async () => {
      const again = async () => my.here.enrol.again(await my.here.request(email, my.ann));
      expect(await again()).to.deep.equal(refusal('expired'));
      await begin();
      expect(await again()).to.deep.equal(refusal('too-soon'));
      my.here.pass(30);
      expect((await again()).ok).to.equal(true);
      expect(my.here.sent.map(({ to }) => to)).to.deep.equal([ASKED, ASKED]);
      expect(await finish(email, my.here.sent[0]?.code ?? '')).to.deep.equal(refusal('wrong'));
      expect((await finish(email, my.here.sent[1]?.code ?? '')).ok).to.equal(true);
    });

    it('leaves no challenge behind that was not sent', async () => {
      await add(email, ASKED);
      const tooMany = { ...refused('too-many-sent' as const), retryAfter: 60 };
      const outcomes = [async () => tooMany, async () => refused('unreachable' as const)];
      for (const sendCode of outcomes) {
        const process = secondFactors(db(), { sendCode });
        const request = await process.request(email, my.ann);
        expect(await process.prove.challenge(request)).to.deep.equal(await sendCode());
        expect(await process.challenges.find(placeOf(request.owned[0]?.id))).to.equal(undefined);
      }
      const broken = secondFactors(db(), { sendCode: () => Promise.reject(storageUnavailable(new Error('outbox'))) });
      const fault = await broken.prove.challenge(await broken.request(email, my.ann)).catch((error: unknown) => error);
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
      const request = await process.request(email, my.ann);
      await process.prove.challenge(request);
      process.pass(30);
      expect(await process.prove.again(request)).to.deep.equal(refusal('unreachable'));
      expect((await prove(email, sent, { by: process })).ok).to.equal(true);
    });

    it('is used when the directory vouches for it, too', async () => {
      const createdAt = NOON;
      const vouched = { id: 'directory-email', factor: 'email', name: '', secret: ASKED, createdAt } as const;
      const request = await my.here.request(email, my.ann);
      const owned = [{ ...vouched, lastUsedAt: undefined, vouchedFor: true as const }];
      await my.here.prove.challenge({ ...request, owned });
      const usedAt = () => my.here.enrolments.contactsUsedAt(my.ann.tenant.id, my.ann.userId);
      expect(await my.here.prove.answer({ ...request, owned, answer: '' })).to.deep.equal(refusal('malformed'));
      expect(await usedAt()).to.deep.equal({});
      expect((await my.here.prove.answer({ ...request, owned, answer: my.here.sent[0]?.code ?? '' })).ok).to.equal(
        true,
      );
      expect(await usedAt()).to.have.all.keys('email');
    });

    it('asks each of several addresses for itself', async () => {
      await add(email, ASKED);
      await add(email, 'other@example.com');
      const request = await my.here.request(email, my.ann);
      const [one, another] = request.owned.map((chosen) => ({ ...request, owned: [chosen] }));
      if (!one || !another) throw new Error('two are enrolled');
      for (const asked of [one, another, one]) await my.here.prove.challenge(asked);
      const [ones, anothers] = my.here.sent.map(({ code }) => code);
      expect(my.here.sent.map(({ to }) => to)).to.deep.equal([ASKED, 'other@example.com']);
      expect(await my.here.prove.answer({ ...another, answer: ones ?? '' })).to.deep.equal(refusal('wrong'));
      expect((await my.here.prove.answer({ ...another, answer: anothers ?? '' })).ok).to.equal(true);
      expect((await my.here.prove.answer({ ...one, answer: ones ?? '' })).ok).to.equal(true);
    });

    function placeOf(enrolmentId: string | undefined) {
      const place = {
        tenantId: my.ann.tenant.id,
        userId: my.ann.userId,
        context: 'login:one',
        purpose: 'prove',
      } as const;
      return { ...place, factor: 'email', enrolmentId: enrolmentId ?? '' } as const;
    }
  });
});
