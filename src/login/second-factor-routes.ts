// Proving a second factor: the page that asks, its forms, and the page of choices.

import { z } from 'zod';

import type { CodeProblem } from '../http/form-problems.ts';
import { answerRefusal, sendingRefusal, tooManyAttempts } from '../http/form-refusals.ts';
import type { Refusal } from '../http/form-refusals.ts';
import type { LoginPages } from './login-pages.ts';
import type { Logins } from './login.ts';
import { back } from './visits.ts';
import type { Visit, Visits } from './visits.ts';

export interface SecondFactorRouteDeps {
  logins: Logins;
  pages: LoginPages;
  visits: Visits;
}

export interface SecondFactorRoutes {
  show(visit: Visit): Promise<void>;
  resend(visit: Visit): Promise<void>;
  answer(visit: Visit, form: { answer: string; trust: boolean }): Promise<void>;
}

const codeForm = z.object({ code: z.string().max(100), trust: z.literal('yes').optional() });
const factorForm = z.object({ factor: z.string().max(100) });

export function secondFactorRoutes({ logins, pages, visits }: SecondFactorRouteDeps): SecondFactorRoutes {
  visits.onForm('code', codeForm, (visit, { code, trust }) => answer(visit, { answer: code, trust: trust === 'yes' }));

  visits.onPage('factor', (visit) => {
    const { step } = visit.login.step;
    return step === 'prove' || step === 'enrol' ? pages.choices(visit) : back(visit);
  });

  visits.onForm('factor', factorForm, async (visit, { factor }) => {
    await logins.choose(visit.login, factor);
    back(visit);
  });

  return { show, resend, answer };

  /** What could not be sent is said at once, with the other ways that there are. */
  async function show(visit: Visit, refusal?: Refusal<CodeProblem>): Promise<void> {
    const asked = await logins.challenge(visit.login);
    if (asked.ok) return pages.challenge(visit, asked.value, refusal);
    if (asked.reason === 'moved-on') return back(visit);
    return pages.choices(visit, sendingRefusal(asked));
  }

  async function resend(visit: Visit): Promise<void> {
    const sent = await logins.askAgain(visit.login);
    if (sent.ok || sent.reason === 'moved-on' || sent.reason === 'too-soon') return back(visit);
    return pages.choices(visit, sendingRefusal(sent));
  }

  async function answer(visit: Visit, { answer, trust }: { answer: string; trust: boolean }): Promise<void> {
    const { login, ctx } = visit;
    const outcome = await logins.prove(login, { answer, trust, address: ctx.ip });
    if (outcome.ok || outcome.reason === 'moved-on' || outcome.reason === 'not-enrolled') return back(visit);
    if (outcome.reason === 'blocked') return show(visit, tooManyAttempts(outcome));
    return login.step.step === 'prove' ? show(visit, answerRefusal(outcome.reason, login.step.factor)) : back(visit);
  }
}
