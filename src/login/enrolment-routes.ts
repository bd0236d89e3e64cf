// Setting up a second factor: where codes are to go, the first answer, recovery codes as a file, or not now.

import { z } from 'zod';

import type { CodeProblem } from '../http/form-problems.ts';
import type { PageSender } from '../http/send-page.ts';
import { createEnrolmentPages } from './enrolment-pages.ts';
import type { Logins } from './login.ts';
import { NOT_SAVED, answerRefusal, contactRefusal, sendingRefusal, tooManyAttempts } from './refusals.ts';
import type { Refusal } from './refusals.ts';
import { back } from './visits.ts';
import type { Visit, Visits } from './visits.ts';

export interface EnrolmentRouteDeps {
  logins: Logins;
  sender: PageSender;
  visits: Visits;
}

export interface EnrolmentRoutes {
  show(visit: Visit): Promise<void>;
  resend(visit: Visit): Promise<void>;
}

/** A passkey comes as `credential`, whatever can be typed or ticked as `code`. */
const enrolForm = z.object({ code: z.string().max(100).optional(), credential: z.string().max(50_000).optional() });
const contactForm = z.object({ contact: z.string().max(320) });

export function enrolmentRoutes({ logins, sender, visits }: EnrolmentRouteDeps): EnrolmentRoutes {
  const pages = createEnrolmentPages(sender);

  visits.onForm('contact', contactForm, async (visit, { contact }) => {
    const factor = sendingFactorOf(visit);
    if (!factor) return back(visit);
    const begun = await logins.contact(visit.login, contact);
    if (begun.ok || begun.reason === 'moved-on') return back(visit);
    const refusal = begun.reason === 'too-many-sent' ? sendingRefusal(begun) : contactRefusal(begun.reason, factor);
    return pages.contact(visit, factor, contact, refusal);
  });

  visits.onPage('contact', async (visit) => {
    if ('change' in visit.ctx.query) await logins.changeContact(visit.login);
    back(visit);
  });

  visits.onForm('enrol', enrolForm, async (visit, { code, credential }) => {
    const { login, ctx } = visit;
    const outcome = await logins.enrol(login, { answer: credential ?? code ?? '', address: ctx.ip });
    if (outcome.ok || outcome.reason === 'moved-on' || outcome.reason === 'not-first') return back(visit);
    if (outcome.reason === 'blocked') return show(visit, tooManyAttempts(outcome));
    return show(visit, enrolRefusal(visit, outcome.reason));
  });

  visits.onForm('postpone', z.strictObject({}), async (visit) => {
    await logins.postpone(visit.login);
    back(visit);
  });

  visits.onPage('recovery-codes.txt', async (visit) => {
    const { ctx, login } = visit;
    const shown = login.step.step === 'enrol' ? await logins.enrolment(login) : undefined;
    if (!shown?.ok || shown.value?.view.factor !== 'recovery-code') return back(visit);
    ctx.attachment('recovery-codes.txt');
    ctx.type = 'text/plain; charset=utf-8';
    ctx.body = shown.value.view.codes.map((code) => `${code}\n`).join('');
  });

  return { show, resend };

  async function show(visit: Visit, refusal?: Refusal<CodeProblem>): Promise<void> {
    const shown = await logins.enrolment(visit.login);
    if (shown.ok && shown.value) return pages.enrolment(visit, shown.value, refusal);
    const factor = sendingFactorOf(visit);
    if (!factor || (!shown.ok && shown.reason === 'moved-on')) return back(visit);
    if (shown.ok) return pages.contact(visit, factor);
    return pages.contact(visit, factor, undefined, sendingRefusal(shown));
  }

  async function resend(visit: Visit): Promise<void> {
    const factor = sendingFactorOf(visit);
    if (!factor) return back(visit);
    const sent = await logins.enrolAgain(visit.login);
    if (sent.ok || !['unreachable', 'too-many-sent'].includes(sent.reason)) return back(visit);
    return pages.contact(visit, factor, undefined, sendingRefusal(sent));
  }
}

function sendingFactorOf({ login: { step } }: Visit): 'sms' | 'email' | undefined {
  const factor = step.step === 'enrol' ? step.factor : undefined;
  return factor === 'sms' || factor === 'email' ? factor : undefined;
}

function enrolRefusal(
  { login: { step } }: Visit,
  reason: Parameters<typeof answerRefusal>[0],
): Refusal<CodeProblem> | undefined {
  if (step.step !== 'enrol') return undefined;
  return step.factor === 'recovery-code' ? NOT_SAVED : answerRefusal(reason, step.factor);
}
