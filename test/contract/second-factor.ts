// What every second factor must do, between the person and the store: each factor says in a few lines how it is held and answered.

import { expect } from 'chai';

import type { AuditEvent } from '../../src/audit/audit.ts';
import { storageUnavailable } from '../../src/errors.ts';
import type { Outcome } from '../../src/outcome.ts';
import type { ShownChallenge } from '../../src/second-factors/prove.ts';
import type { ChallengeView, EnrolmentView, SecondFactor } from '../../src/second-factors/second-factor.ts';
import { twenty } from '../support/at-once.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { describeOnEveryStore } from '../support/every-store.ts';
import { NOON, aSubject, secondFactors } from '../support/second-factors.ts';
import type { FactorProcess, Subject, Surroundings } from '../support/second-factors.ts';

export interface FactorUnderTest {
  factor: SecondFactor;
  /** A number or an address, for a factor that sends. */
  contact?: string;
  /** It puts a challenge, which is used up by its answer. */
  asks: boolean;
  /** What is no answer at all. */
  malformed: string;
  /** What its owner holds in their hands. */
  hold(world: World): Holder;
}

/** What a holder sees of the world. */
export interface World {
  /** The last code that was sent to anybody. */
  lastCode(): string;
  /** Lets so many seconds pass. */
  pass(seconds: number): void;
  /** Seconds since noon. */
  elapsed(): number;
}

export interface Holder {
  /** Confirms what the enrolment page shows. */
  first(view: EnrolmentView): string;
  /** Answers the challenge on the page, with what was not used before. */
  right(view: ChallengeView): string;
  /** Has the form of an answer. */
  wrong(view: ChallengeView): string;
}

export function describeSecondFactor(name: string, make: () => FactorUnderTest): void {
  describeOnEveryDatabase(`the second factor ${name}`, ({ db, other }) => {
    describeOnEveryStore('its challenges', (store) => {
      const { factor, contact, asks, malformed, hold } = make();
      // A recovery code that was used is forgotten: it cannot be told from one that never was.
      const usedUp = factor.id === 'recovery-code' ? 'wrong' : 'replayed';
      let clock: { now: Date };
      let here: FactorProcess;
      let there: FactorProcess;
      let ann: Subject;
      let anns: Holder;

      const world: World = {
        lastCode: () => [...here.sent, ...there.sent].at(-1)?.code ?? '',
        pass: (seconds) => here.pass(seconds),
        elapsed: () => (clock.now.getTime() - NOON.getTime()) / 1000,
      };

      beforeEach(async () => {
        clock = { now: NOON };
        here = process(0);
        there = process(1);
        ann = await aSubject(db());
        anns = await enrolled(ann);
      });

      function process(number: number, surroundings: Surroundings = {}): FactorProcess {
        return secondFactors(number === 0 ? db() : other(), { store: store(number), clock, ...surroundings });
      }

      /** Begins an enrolment, and answers what its page shows. */
      async function begun(subject: Subject, context?: string): Promise<EnrolmentView> {
        const request = await here.request(factor, subject, context);
        if (contact !== undefined) valueOf(await here.enrol.begin({ ...request, contact }));
        const current = valueOf(await here.enrol.current(request));
        if (!current) throw new Error('no enrolment has begun');
        return current;
      }

      async function finished(process: FactorProcess, subject: Subject, answer: string, context?: string) {
        const request = await process.request(factor, subject, context);
        return process.enrol.finish({ ...request, answer, name: 'Mine', first: false, keptSession: undefined });
      }

      async function enrolled(subject: Subject): Promise<Holder> {
        const holder = hold(world);
        valueOf(await finished(here, subject, holder.first(await begun(subject))));
        return holder;
      }

      async function challenge(subject: Subject, context?: string): Promise<ChallengeView> {
        return valueOf(await here.prove.challenge(await here.request(factor, subject, context)));
      }

      async function answered(subject: Subject, answer: string, { by = here, context }: Answering = {}) {
        return by.prove.answer({ ...(await by.request(factor, subject, context)), answer });
      }

      it('is proven by the right answer', async () => {
        const proven = valueOf(await answered(ann, anns.right(await challenge(ann))));
        expect(proven).to.deep.include({ factor: factor.id, at: clock.now.getTime() / 1000 });
        expect(proven.amr).not.to.be.empty;
        const [enrolment] = await here.enrolments.list(ann.tenant.id, ann.userId);
        expect(enrolment?.lastUsedAt).to.be.instanceOf(Date);
        expect(here.events.at(-1)).to.include({ type: 'second_factor.proven', tenantId: ann.tenant.id });
      });

      it('is not proven by a wrong answer, which leaves the challenge open', async () => {
        const view = await challenge(ann);
        expect(reasonOf(await answered(ann, anns.wrong(view)))).to.equal('wrong');
        expect(here.events.at(-1)).to.include({ type: 'second_factor.failed', reason: 'wrong' });
        expect(reasonOf(await answered(ann, anns.right(view)))).to.equal(undefined);
      });

      it('takes what is malformed for no attempt', async () => {
        const view = await challenge(ann);
        const before = here.events.length;
        for (let i = 0; i < 8; i++) expect(reasonOf(await answered(ann, malformed))).to.equal('malformed');
        expect(here.events).to.have.lengthOf(before);
        expect(reasonOf(await answered(ann, anns.right(view)))).to.equal(undefined);
      });

      it('is not proven twice by one answer', async () => {
        const answer = anns.right(await challenge(ann));
        expect(reasonOf(await answered(ann, answer))).to.equal(undefined);
        expect(reasonOf(await answered(ann, answer))).to.equal(asks ? 'expired' : usedUp);
        await challenge(ann);
        expect(reasonOf(await answered(ann, answer)), 'nor when it is asked anew').not.to.equal(undefined);
      });

      it('is proven once by twenty of one answer at once, to two processes', async () => {
        const answer = anns.right(await challenge(ann));
        const outcomes = await twenty((i) => answered(ann, answer, { by: i % 2 ? there : here }));
        expect(outcomes.filter(({ ok }) => ok)).to.have.lengthOf(1);
      });

      for (const [whose, subjectOf] of [
        ['another user’s', () => aSubject(db(), ann.tenant)],
        ['another tenant’s', () => aSubject(db())],
      ] as const) {
        it(`is not proven by ${whose} answer`, async () => {
          const bob = await subjectOf();
          const bobs = await enrolled(bob);
          await challenge(ann);
          const answer = bobs.right(await challenge(bob));
          expect(reasonOf(await answered(ann, answer))).to.equal('wrong');
          expect(reasonOf(await answered(bob, answer)), 'it is still good for its owner').to.equal(undefined);
        });
      }

      it('is not proven by the answer of an enrolment, nor enrolled by the answer of a proof', async () => {
        const asked = await challenge(ann);
        const enrolling = hold(world).first(await begun(ann));
        expect(reasonOf(await answered(ann, enrolling))).to.be.oneOf(['wrong', 'malformed']);
        world.pass(30);
        const proving = anns.right(contact === undefined ? asked : await again(ann));
        expect(reasonOf(await finished(here, ann, proving))).to.be.oneOf(['wrong', 'malformed']);
      });

      async function again(subject: Subject): Promise<ChallengeView> {
        valueOf(await here.prove.again(await here.request(factor, subject)));
        return challenge(subject);
      }

      it('asks the same challenge again after a reload, however many ask for it at once', async () => {
        const sentBefore = here.sent.length;
        const views = await twenty(() => challenge(ann));
        // What became of the code may have changed in between.
        for (const view of views) expect({ ...view, sent: 0 }).to.deep.equal({ ...views[0], sent: 0 });
        expect(here.sent.length - sentBefore).to.equal(contact === undefined ? 0 : 1);
        expect(reasonOf(await answered(ann, anns.right(await challenge(ann))))).to.equal(undefined);
      });

      it('limits guesses by the account, and only guesses', async () => {
        const view = await challenge(ann);
        const wrong = anns.wrong(view);
        const guesses = await Promise.all(Array.from({ length: 50 }, () => answered(ann, wrong)));
        const evaluated = guesses.filter((guess) => reasonOf(guess) === 'wrong');
        expect(evaluated).to.have.lengthOf(factor.guessable ? 5 : 50);
        const right = await answered(ann, anns.right(view), { by: there });
        expect(reasonOf(right)).to.equal(factor.guessable ? 'blocked' : undefined);
      });

      it('keeps answer, challenge and attempts when the proof cannot be recorded', async () => {
        const view = await challenge(ann);
        const answer = anns.right(view);
        const broken = process(0, { audit: failing('second_factor.proven') });
        for (let i = 0; i < 6; i++) {
          const fault = await answered(ann, answer, { by: broken }).catch((error: unknown) => error);
          expect(fault).to.include({ code: 'storage_unavailable' });
        }
        expect(reasonOf(await answered(ann, answer))).to.equal(undefined);
      });

      it('is enrolled once by twenty of one answer at once, to two processes', async () => {
        const bob = await aSubject(db(), ann.tenant);
        const answer = hold(world).first(await begun(bob));
        const outcomes = await twenty((i) => finished(i % 2 ? there : here, bob, answer));
        expect(outcomes.filter(({ ok }) => ok)).to.have.lengthOf(1);
        expect(await here.enrolments.list(bob.tenant.id, bob.userId)).to.have.lengthOf(1);
      });

      it('is enrolled only where that was begun, and in time', async () => {
        const bob = await aSubject(db(), ann.tenant);
        const answer = hold(world).first(await begun(bob));
        expect(reasonOf(await finished(here, bob, answer, 'login:two')), 'another login').to.equal('expired');
        expect(reasonOf(await finished(here, ann, answer)), 'another user').to.equal('expired');
        here.pass(31 * 60);
        expect(reasonOf(await finished(here, bob, answer)), 'too late').to.equal('expired');
        expect(await here.enrolments.list(bob.tenant.id, bob.userId)).to.deep.equal([]);
      });

      it('leaves nothing half enrolled when the person cannot be told', async () => {
        const bob = await aSubject(db(), ann.tenant);
        const answer = hold(world).first(await begun(bob));
        const broken = process(0, { notify: () => Promise.reject(storageUnavailable(new Error('outbox'))) });
        const fault = await finished(broken, bob, answer).catch((error: unknown) => error);
        expect(fault).to.include({ code: 'storage_unavailable' });
        expect(await here.enrolments.list(bob.tenant.id, bob.userId)).to.deep.equal([]);
        expect(reasonOf(await finished(here, bob, answer)), 'the answer is still good').to.equal(undefined);
      });

      it('leaves no answer and no secret in the audit trail', async () => {
        const answers = [anns.right(await challenge(ann)), anns.wrong(await challenge(ann))];
        for (const answer of answers) await answered(ann, answer);
        const [enrolment] = await here.enrolments.list(ann.tenant.id, ann.userId);
        const trail = JSON.stringify(here.events);
        for (const hidden of [...answers, enrolment?.secret || 'no secret']) expect(trail).not.to.contain(hidden);
      });

      if (factor.id !== 'recovery-code') {
        it('is not proven by an answer that comes too late', async () => {
          const answer = anns.right(await challenge(ann));
          here.pass(11 * 60);
          expect(reasonOf(await answered(ann, answer))).to.equal(asks ? 'expired' : 'wrong');
        });
      }

      if (asks) {
        it('is not proven in another login', async () => {
          const answer = anns.right(await challenge(ann));
          expect(reasonOf(await answered(ann, answer, { context: 'login:two' }))).to.equal('expired');
          await challenge(ann, 'login:two');
          expect(reasonOf(await answered(ann, answer, { context: 'login:two' }))).to.equal('wrong');
          expect(reasonOf(await answered(ann, answer)), 'it is still good where it was asked').to.equal(undefined);
        });
      }

      if (contact !== undefined) {
        it('is not proven by a code that another one has replaced', async () => {
          const former = anns.right(await challenge(ann));
          here.pass(30);
          const latter = anns.right(await again(ann));
          expect(reasonOf(await answered(ann, former))).to.equal('wrong');
          expect(reasonOf(await answered(ann, latter))).to.equal(undefined);
        });

        it('sends another code no sooner than the server says, and later each time', async () => {
          const request = await here.request(factor, ann);
          await challenge(ann);
          for (const wait of [30, 60, 120]) {
            const shown = valueOf(await here.prove.challenge(request));
            expect(sentOf(shown)).to.include({ resendIn: wait, status: 'sent' });
            here.pass(wait - 1);
            expect(reasonOf(await here.prove.again(request))).to.equal('too-soon');
            here.pass(1);
            expect(sentOf(valueOf(await here.prove.challenge(request)))?.resendIn).to.equal(0);
            const before = here.sent.length + there.sent.length;
            await twenty((i) => (i % 2 ? here : there).prove.again(request));
            expect(here.sent.length + there.sent.length - before).to.equal(1);
          }
        });

        it('counts wrong answers to an enrolment, because its code went to whatever number was typed', async () => {
          const bob = await aSubject(db(), ann.tenant);
          await begun(bob);
          const wrong = anns.wrong({ factor: 'sms', target: '' });
          const reasons = [];
          for (let i = 0; i < 6; i++) reasons.push(reasonOf(await finished(here, bob, wrong)));
          expect(reasons).to.deep.equal([...Array.from({ length: 5 }, () => 'wrong'), 'blocked']);
        });
      }
    });
  });
}

/** What became of the code, for a factor that sends. */
function sentOf(shown: ShownChallenge) {
  return 'sent' in shown ? shown.sent : undefined;
}

interface Answering {
  by?: FactorProcess;
  context?: string;
}

function failing(type: AuditEvent['type']): (event: AuditEvent) => Promise<void> {
  return async (event) => {
    if (event.type === type) throw storageUnavailable(new Error('audit'));
  };
}

function valueOf<T>(outcome: Outcome<T, string>): T {
  if (!outcome.ok) throw new Error(`refused: ${outcome.reason}`);
  return outcome.value;
}

function reasonOf(outcome: Outcome<unknown, string>): string | undefined {
  return outcome.ok ? undefined : outcome.reason;
}
