// What proving a second factor brings about, whichever factor it is. What each factor must do has a suite of its own
// (second-factor.ts).

import { expect } from 'chai';
import { z } from 'zod';

import { createAuthenticator } from '../support/authenticator.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { OTHER_SECRET, SECRET, aUser, codeAt, secondFactors, totp } from '../support/second-factors.ts';
import { aFactorOwner, email, ORIGIN, passkey, recoveryCodes, refusal } from '../support/factor-owner.ts';

describeOnEveryDatabase('a second factor', (databases) => {
  const { db, other } = databases;
  const my = aFactorOwner(databases);
  const { owned, add, prove, finish, creation } = my;

  describe('recovery codes', () => {
    async function made(): Promise<readonly string[]> {
      const current = await my.here.enrol.current(await my.here.request(recoveryCodes, my.ann));
      if (!current.ok || current.value?.factor !== 'recovery-code') throw new Error('no codes are shown');
      return current.value.codes;
    }

    it('prove nothing by being shown, and are told of as such', async () => {
      await made();
      expect(await finish(recoveryCodes, 'saved')).to.deep.equal({ ok: true, value: undefined });
      expect(my.here.told.map(({ notice }) => notice)).to.deep.equal([{ kind: 'recovery-codes-made' }]);
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
      my.here.told.length = 0;
      for (const code of codes.slice(0, 2)) expect((await prove(recoveryCodes, code)).ok).to.equal(true);
      expect(my.here.told.map(({ notice }) => notice)).to.deep.equal([
        { kind: 'recovery-code-used', remaining: 9 },
        { kind: 'recovery-code-used', remaining: 8 },
      ]);
      const view = await my.here.prove.challenge(await my.here.request(recoveryCodes, my.ann));
      expect(view.ok && view.value).to.deep.equal({ factor: 'recovery-code', remaining: 8 });
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
      const request = await my.here.request(totp, my.ann);
      expect(await my.here.prove.challenge(request)).to.deep.equal(refusal('not-enrolled'));
      expect(await my.here.prove.again(request)).to.deep.equal(refusal('not-enrolled'));
    });

    it('counts wrong codes on the account, across factors, logins, processes and addresses', async () => {
      await add(totp, SECRET);
      await add(recoveryCodes, '', { codeHashes: ['hash'] });
      await add(email, 'ann@example.com');
      const elsewhere = secondFactors(other());
      await my.here.prove.challenge(await my.here.request(email, my.ann));
      const wrongMail = my.here.sent[0]?.code === '000000' ? '000001' : '000000';
      expect(await prove(totp, codeAt(SECRET, 50))).to.deep.equal(refusal('wrong'));
      expect(await prove(recoveryCodes, 'ZZZZZ-ZZZZZ', { by: elsewhere })).to.deep.equal(refusal('wrong'));
      expect(await prove(email, wrongMail)).to.deep.equal(refusal('wrong'));
      expect(await prove(totp, codeAt(SECRET, 51), { context: 'account:one' })).to.deep.equal(refusal('wrong'));
      const request = await elsewhere.request(totp, my.ann);
      const far = { ...request, address: '203.0.113.9', answer: codeAt(SECRET, 52) };
      expect(await elsewhere.prove.answer(far)).to.deep.equal(refusal('wrong'));

      for (const [factor, answer] of [
        [totp, codeAt(SECRET)],
        [email, my.here.sent[0]?.code ?? ''],
      ] as const) {
        expect(await prove(factor, answer))
          .to.include({ reason: 'blocked' })
          .and.have.property('retryAfter')
          .within(1, 30);
      }
      expect(my.here.events.at(-1)).to.include({ type: 'second_factor.blocked', reason: 'blocked' });
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
      my.here.told.length = 0;
      expect(await prove(passkey, copy.assert(await options()))).to.deep.equal(refusal('cloned'));
      expect(my.here.told.map(({ notice }) => notice)).to.deep.equal([{ kind: 'passkey-refused' }]);
      expect(my.here.events.map(({ type }) => type)).to.include('second_factor.cloned');
    });

    it('is a passkey of one person in the tenant', async () => {
      const registration = createAuthenticator(ORIGIN).register(await creation(await my.here.request(passkey, my.ann)));
      const bob = await aUser(db(), my.ann.tenant.id, 'bob');
      const { id: credentialId } = z.object({ id: z.string() }).parse(JSON.parse(registration));
      const bobs = { factor: 'passkey', name: 'Theirs', secret: '{}', credentialId } as const;
      await my.here.enrolments.add(my.ann.tenant.id, bob, bobs);
      expect(await finish(passkey, registration)).to.deep.equal(refusal('taken'));
      expect(await owned()).to.deep.equal([]);
    });

    async function enrolPasskey() {
      const authenticator = createAuthenticator(ORIGIN);
      await finish(passkey, authenticator.register(await creation(await my.here.request(passkey, my.ann))));
      return authenticator;
    }

    async function options(): Promise<string> {
      const asked = await my.here.prove.challenge(await my.here.request(passkey, my.ann));
      if (!asked.ok || asked.value.factor !== 'passkey') throw new Error('no passkey is asked for');
      return asked.value.options;
    }
  });
});
