import { expect } from 'chai';

import { createPostgresSessions } from '../../src/sessions/sessions-postgres.ts';
import { storageUnavailable } from '../../src/errors.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { aTenant } from '../support/rows.ts';
import { NOON, OTHER_SECRET, SECRET, aUser, codeAt, secondFactors, totp } from '../support/second-factors.ts';

describeOnEveryDatabase('a second factor', ({ db, other }) => {
  let tenantId: string;
  let userId: string;
  const at = NOON.getTime() / 1000;
  const secret = SECRET;

  const answer = (text: string) => ({ tenantId, userId, factor: totp, answer: text, address: '192.0.2.1' });
  const confirm = (text: string, changes: { first?: boolean } = {}) => {
    return {
      tenantId,
      userId,
      factor: totp,
      secret,
      answer: text,
      name: 'Phone',
      first: true,
      keptSession: undefined,
      ...changes,
    };
  };
  const refusal = (reason: string) => ({ ok: false, reason });
  const counters = () => db().query('select subject from attempt_counters where tenant_id = $1', [tenantId]);

  beforeEach(async () => {
    tenantId = await aTenant(db());
    userId = await aUser(db(), tenantId);
  });

  describe('enrolling', () => {
    it('shows a fresh secret, and the same one again after a reload', async () => {
      const { enrol } = secondFactors(db());
      const begun = await enrol.begin(totp, { userId, accountName: 'ann' });
      const again = await enrol.begin(totp, { userId, accountName: 'ann' }, begun.secret);
      expect(again).to.deep.equal(begun);
      expect((await enrol.begin(totp, { userId, accountName: 'ann' })).secret).not.to.equal(begun.secret);
      expect(begun.presentation.uri).to.contain('otpauth://totp/Acme:ann');
    });

    it('adds it with the first right code, tells the person and audits it', async () => {
      const told: unknown[] = [];
      const { enrol, enrolments, events } = secondFactors(db(), {
        notify: async (...change) => void told.push(...change),
      });
      const proof = { factor: 'totp', amr: ['otp'], at };
      expect(await enrol.finish(confirm(codeAt(secret)))).to.deep.equal({ ok: true, value: proof });
      const [enrolment] = await enrolments.list(tenantId, userId);
      expect(enrolment).to.deep.include({ factor: 'totp', name: 'Phone', secret });
      expect(told).to.deep.equal([{ tenantId, userId, factor: 'totp', name: 'Phone' }]);
      const user = { kind: 'user', id: userId };
      const detail = { factor: 'totp', name: 'Phone' };
      expect(events).to.deep.equal([{ type: 'second_factor.enrolled', tenantId, actor: user, subject: user, detail }]);
    });

    it('adds nothing for a wrong or a malformed code, and counts no attempt', async () => {
      const { enrol, enrolments } = secondFactors(db());
      for (let i = 0; i < 6; i++)
        expect(await enrol.finish(confirm(codeAt(secret, 9)))).to.deep.equal(refusal('wrong'));
      expect(await enrol.finish(confirm('12345'))).to.deep.equal(refusal('malformed'));
      expect(await enrolments.list(tenantId, userId)).to.deep.equal([]);
      expect(await counters()).to.deep.equal([]);
    });

    it('ends the other sessions of the person, and says so', async () => {
      const { enrol, events } = secondFactors(db());
      const sessions = createPostgresSessions(db());
      for (const uid of ['kept', 'other']) {
        await sessions.save(tenantId, { ...signedIn(uid, userId), authorizations: {}, removedClients: [] });
      }
      await enrol.finish({ ...confirm(codeAt(secret)), keptSession: 'kept' });
      expect(await sessions.findByUid(tenantId, 'kept')).to.include({ userId });
      expect(await sessions.findByUid(tenantId, 'other')).to.equal(undefined);
      expect(events.find(({ type }) => type === 'session.ended')?.detail).to.deep.equal({ sessions: ['other'] });
    });

    it('uses the code up: it neither signs in nor enrols again', async () => {
      const { enrol, enrolments, prove } = secondFactors(db());
      await enrol.finish(confirm(codeAt(secret)));
      expect(await prove(answer(codeAt(secret)))).to.deep.equal(refusal('replayed'));
      expect(await enrol.finish(confirm(codeAt(secret), { first: false }))).to.deep.equal(refusal('replayed'));
      expect(await enrolments.list(tenantId, userId)).to.have.lengthOf(1);
    });

    it('adds one of twenty at once', async () => {
      const processes = [secondFactors(db()), secondFactors(other())];
      const finishes = Array.from({ length: 20 }, (_, i) =>
        processes[i % 2]?.enrol.finish(confirm(codeAt(secret), { first: false })),
      );
      expect((await Promise.all(finishes)).filter((outcome) => outcome?.ok)).to.have.lengthOf(1);
      expect(await processes[0]?.enrolments.list(tenantId, userId)).to.have.lengthOf(1);
    });

    it('lets the password alone add a first factor only, also when two try at once', async () => {
      const processes = [secondFactors(db()), secondFactors(other())];
      const secrets = [SECRET, OTHER_SECRET];
      const outcomes = await Promise.all(
        processes.map(({ enrol }, i) => {
          const mine = secrets[i] ?? '';
          return enrol.finish({ ...confirm(codeAt(mine, i)), secret: mine });
        }),
      );
      expect(outcomes.filter((outcome) => outcome.ok)).to.have.lengthOf(1);
      expect(await processes[0]?.enrolments.list(tenantId, userId)).to.have.lengthOf(1);

      const { enrol, pass } = secondFactors(db());
      pass(5);
      expect(await enrol.finish(confirm(codeAt(secret, 5)))).to.deep.equal(refusal('not-first'));
      pass(6);
      expect((await enrol.finish(confirm(codeAt(secret, 6), { first: false }))).ok).to.equal(true);
    });

    it('leaves nothing behind when the person cannot be told', async () => {
      const broken = secondFactors(db(), { notify: () => Promise.reject(storageUnavailable(new Error('outbox'))) });
      const fault = await broken.enrol.finish(confirm(codeAt(secret))).catch((error: unknown) => error);
      expect(fault).to.include({ code: 'storage_unavailable' });
      expect(await broken.enrolments.list(tenantId, userId)).to.deep.equal([]);
      expect((await secondFactors(db()).enrol.finish(confirm(codeAt(secret)))).ok, 'the code is still good').to.equal(
        true,
      );
    });
  });

  describe('proving', () => {
    /** A process of an installation whose person has enrolled three steps before noon. */
    async function enrolled(database = db()) {
      const process = secondFactors(database);
      if ((await process.enrolments.list(tenantId, userId)).length === 0) {
        await process.enrolments.add(tenantId, userId, { factor: 'totp', name: 'Phone', secret });
      }
      return process;
    }

    it('answers what was proven and when, and audits it', async () => {
      const { prove, events, enrolments } = await enrolled();
      const proof = { factor: 'totp', amr: ['otp'], at };
      expect(await prove(answer(codeAt(secret)))).to.deep.equal({ ok: true, value: proof });
      const user = { kind: 'user', id: userId };
      expect(events).to.have.lengthOf(1);
      expect(events[0])
        .to.include({ type: 'second_factor.proven', tenantId })
        .and.deep.include({ actor: user, subject: user });
      expect((await enrolments.list(tenantId, userId))[0]?.lastUsedAt).to.be.instanceOf(Date);
    });

    it('accepts one of twenty at once, by two processes', async () => {
      const processes = [await enrolled(db()), await enrolled(other())];
      const proofs = Array.from({ length: 20 }, (_, i) => processes[i % 2]?.prove(answer(codeAt(secret))));
      expect((await Promise.all(proofs)).filter((outcome) => outcome?.ok)).to.have.lengthOf(1);
    });

    it('accepts no code twice, nor an older one afterwards', async () => {
      const { prove } = await enrolled();
      expect((await prove(answer(codeAt(secret)))).ok).to.equal(true);
      expect(await prove(answer(codeAt(secret)))).to.deep.equal(refusal('replayed'));
      expect(await prove(answer(codeAt(secret, -1)))).to.deep.equal(refusal('replayed'));
      expect((await prove(answer(codeAt(secret, 1)))).ok).to.equal(true);
    });

    it('refuses the code of another person and another tenant', async () => {
      const { prove, enrolments } = await enrolled();
      const bob = await aUser(db(), tenantId, 'bob');
      const bobsSecret = OTHER_SECRET;
      await enrolments.add(tenantId, bob, { factor: 'totp', name: 'Phone', secret: bobsSecret });
      expect(await prove(answer(codeAt(bobsSecret)))).to.deep.equal(refusal('wrong'));
      expect(await prove({ ...answer(codeAt(secret)), userId: bob })).to.deep.equal(refusal('wrong'));
      const elsewhere = await aTenant(db());
      expect(await prove({ ...answer(codeAt(secret)), tenantId: elsewhere })).to.deep.equal(refusal('not-enrolled'));
      expect((await prove(answer(codeAt(secret)))).ok).to.equal(true);
    });

    it('accepts a code of any of several apps', async () => {
      const { prove, enrolments } = await enrolled();
      const tablet = OTHER_SECRET;
      await enrolments.add(tenantId, userId, { factor: 'totp', name: 'Tablet', secret: tablet });
      expect((await prove(answer(codeAt(tablet)))).ok).to.equal(true);
      expect((await prove(answer(codeAt(secret, 1)))).ok).to.equal(true);
    });

    it('evaluates five of fifty guesses at once, and then not even the right code', async () => {
      const { prove, events } = await enrolled();
      const guesses = await Promise.all(Array.from({ length: 50 }, () => prove(answer(codeAt(secret, 50)))));
      const reasons = guesses.map((outcome) => (outcome.ok ? 'accepted' : outcome.reason));
      expect(reasons.filter((reason) => reason === 'wrong')).to.have.lengthOf(5);
      expect(reasons.filter((reason) => reason === 'blocked')).to.have.lengthOf(45);
      expect(await prove(answer(codeAt(secret))))
        .to.include({ reason: 'blocked' })
        .and.have.property('retryAfter')
        .within(1, 30);
      const types = events.map(({ type, reason }) => `${type} ${reason}`);
      expect(types.filter((type) => type === 'second_factor.failed wrong')).to.have.lengthOf(5);
      expect(types.filter((type) => type === 'second_factor.blocked blocked')).to.have.lengthOf(46);
    });

    it('counts no malformed answer', async () => {
      const { prove, events } = await enrolled();
      for (let i = 0; i < 10; i++) expect(await prove(answer('12345'))).to.deep.equal(refusal('malformed'));
      expect(events).to.deep.equal([]);
      expect((await prove(answer(codeAt(secret)))).ok).to.equal(true);
      expect(await counters()).to.deep.equal([]);
    });

    it('keeps step and attempt when the proof cannot be recorded', async () => {
      const { prove, events } = await enrolled();
      events.push = () => {
        throw storageUnavailable(new Error('audit'));
      };
      expect(await prove(answer(codeAt(secret))).catch((error: unknown) => error)).to.include({
        code: 'storage_unavailable',
      });
      const sound = secondFactors(db());
      expect((await sound.prove(answer(codeAt(secret)))).ok).to.equal(true);
    });

    it('writes no code and no secret into the audit trail', async () => {
      const { prove, events } = await enrolled();
      const codes = [codeAt(secret), codeAt(secret, 40)];
      for (const code of codes) await prove(answer(code));
      for (const hidden of [...codes, secret]) expect(JSON.stringify(events)).not.to.contain(hidden);
    });
  });
});

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
